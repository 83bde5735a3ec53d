"""The texts by which DuckDB is asked for measures; see ask_duckdb.py.

In the texts, {t} is a table with customer, moment and the rest, {lines} those of orders with the same.
"""

DAYS = "(epoch_us(moment) // 86400000000)::integer"
MONTHS = "(year(moment) * 12 + month(moment) - 24288)::integer"
PHYSICAL = "('store', 'kiosk', 'sales_representative')"
RESEARCH = """('visit', 'search', 'product_view', 'review_read', 'store_technology', 'conversation', 'advice',
    'offer_shown', 'product_trial', 'wish_list', 'article_read', 'ad_click')"""
JOURNEY = """('impression', 'ad_click', 'message', 'article_read', 'referral_received', 'visit', 'search', 'product_view',
    'review_read', 'store_technology', 'conversation', 'advice', 'offer_shown', 'product_trial', 'wish_list',
    'cart_updated', 'checkout_started', 'offer_accepted')"""
CARTS = "('cart_updated', 'checkout_started')"
ORDERED = "over (partition by customer order by moment)"
LATER = "over (partition by customer order by moment rows between 1 following and unbounded following)"
EARLIER = "over (partition by customer order by moment rows between unbounded preceding and 1 preceding)"
BY_CHANNEL = "select string_agg(n::varchar, ' ' order by channel) from"
FIRST_CHANNEL = "min(epoch_us(moment) * 16 + enum_code(channel)) % 16"
USES = "type <> 'impression' and (type <> 'message' or detail >= 2)"

QUESTIONS = {
    "conversion": [
        # The next order after each visit.
        f"""with seen as (select type, {DAYS} as day, min({DAYS}) filter (type = 'order') {LATER} as next
                from {{t}} where type in ('visit', 'order'))
            select count(*) filter (next - day <= 7), count(*) from seen where type = 'visit'""",
        # The same by an asof join.
        f"""with visits as (select customer, moment, {DAYS} as day from {{t}} where type = 'visit'),
            orders as (select customer, moment, {DAYS} as day from {{t}} where type = 'order')
            select count(*) filter (o.day - v.day <= 7), count(*)
            from visits v asof left join orders o on v.customer = o.customer and v.moment < o.moment""",
    ],
    "ropo": [
        # The last research online before each order in a store.
        f"""with seen as (select type, channel, {DAYS} as day, max({DAYS}) filter (type in {RESEARCH}
                    and channel not in {PHYSICAL}) {EARLIER} as last
                from {{t}} where (type in {RESEARCH} and channel not in {PHYSICAL})
                    or (type = 'order' and channel in {PHYSICAL}))
            select count(*) filter (day - last <= 30), count(*) from seen where type = 'order'""",
        # The same by an asof join.
        f"""with research as (select customer, moment, {DAYS} as day from {{t}}
                where type in {RESEARCH} and channel not in {PHYSICAL}),
            orders as (select customer, moment, {DAYS} as day from {{t}} where type = 'order' and channel in {PHYSICAL})
            select count(*) filter (o.day - r.day <= 30), count(*)
            from orders o asof left join research r on o.customer = r.customer and o.moment > r.moment""",
    ],
    "visitors": [
        f"{BY_CHANNEL} (select channel, count(distinct customer) as n from {{t}} where type = 'visit' group by channel)",
        f"""{BY_CHANNEL} (select channel, count(*) as n from
                (select distinct customer, channel from {{t}} where type = 'visit') group by channel)""",
        # A customer's channels as bits of one number.
        f"""with people as (select bit_or(1 << enum_code(channel)::integer) as channels
                from {{t}} where type = 'visit' group by customer)
            select {", ".join(f"count(*) filter (channels >> {n} & 1 = 1)" for n in range(8))} from people""",
    ],
    "new_contacts": [
        f"""{BY_CHANNEL} (select channel, count(*) as n from
                (select arg_min(channel, moment) as channel from {{t}} group by customer) group by channel)""",
        f"""{BY_CHANNEL} (select channel, count(*) as n from
                (select {FIRST_CHANNEL} as channel from {{t}} group by customer) group by channel)""",
    ],
    "click_through_rate": [
        """with pieces as (select min(moment) filter (type = 'impression' or (type = 'message' and detail > 0)) as shown,
                    max(moment) filter (type = 'ad_click' or (type = 'message' and detail = 3)) as clicked
                from {t} where type in ('impression', 'ad_click', 'message') group by customer, item, type = 'message')
            select count(*) filter (clicked >= shown), count(*) from pieces where shown is not null""",
        # Each as one number.
        """with pieces as (select min(epoch_us(moment)) filter (type = 'impression' or (type = 'message' and detail > 0)) as shown,
                    max(epoch_us(moment)) filter (type = 'ad_click' or (type = 'message' and detail = 3)) as clicked
                from {t} where type in ('impression', 'ad_click', 'message')
                group by customer::bigint * 256 + item * 2 + (type = 'message')::integer)
            select count(*) filter (clicked >= shown), count(*) from pieces where shown is not null""",
    ],
    "store_conversion_adjusted": [
        f"""with seen as (select customer, type, channel, {DAYS} as day,
                    min({DAYS}) filter (type = 'order' and channel in {PHYSICAL}) {LATER} as in_store,
                    min({DAYS}) filter (type = 'order' and channel not in {PHYSICAL}) {LATER} as online
                from {{t}} where type = 'order' or (type = 'visit' and channel in {PHYSICAL}))
            select count(*) filter (type = 'order' and channel in {PHYSICAL}) + count(distinct customer) filter (
                    type = 'visit' and online - day <= 7 and coalesce(in_store - day > 7, true)),
                count(*) filter (type = 'visit') from seen""",
        # By asof joins.
        f"""with visits as (select customer, moment, {DAYS} as day from {{t}} where type = 'visit' and channel in {PHYSICAL}),
            orders as (select customer, moment, {DAYS} as day, channel in {PHYSICAL} as in_store from {{t}} where type = 'order'),
            stores as (select customer, moment, day from orders where in_store),
            online as (select customer, moment, day from orders where not in_store),
            pairs as (select v.customer, s.day - v.day as in_store, o.day - v.day as online
                from visits v asof left join stores s on v.customer = s.customer and v.moment < s.moment
                asof left join online o on v.customer = o.customer and v.moment < o.moment)
            select (select count(*) from stores) + count(distinct customer) filter (
                online <= 7 and coalesce(in_store > 7, true)), count(*) from pairs""",
    ],
    "channel_conversion": [
        f"""with seen as (select type, channel, {DAYS} as day,
                    max(epoch_us(moment) * 16 + enum_code(channel)) filter (type in {RESEARCH}) {EARLIER} as last
                from {{t}} where type = 'order' or type in {RESEARCH}),
            pairs as (select channel, last % 16 as other, count(*) as n from seen
                where type = 'order' and day - last // 16 // 86400000000 <= 30 group by all)
            select string_agg(n::varchar, ' ' order by channel, other) from pairs""",
        f"""with research as (select customer, moment, channel, {DAYS} as day from {{t}} where type in {RESEARCH}),
            orders as (select customer, moment, channel, {DAYS} as day from {{t}} where type = 'order'),
            pairs as (select o.channel, r.channel as other, count(*) as n
                from orders o asof join research r on o.customer = r.customer and o.moment > r.moment
                where o.day - r.day <= 30 group by all)
            select string_agg(n::varchar, ' ' order by channel, other) from pairs""",
    ],
    "cart_recovery": [
        f"""with seen as (select type, {DAYS} as day, lag(type) {ORDERED} as before,
                    min({DAYS}) filter (type = 'order') {LATER} as next
                from {{t}} where type = 'order' or type in {CARTS})
            select count(*) filter (next - day <= 30), count(*) from seen where type <> 'order'
                and (before is null or before = 'order') and coalesce(next - day > 1, true)""",
        # By an asof join.
        f"""with seen as (select customer, moment, type, lag(type) {ORDERED} as before
                from {{t}} where type = 'order' or type in {CARTS}),
            opened as (select customer, moment, {DAYS} as day from seen
                where type <> 'order' and (before is null or before = 'order')),
            orders as (select customer, moment, {DAYS} as day from seen where type = 'order'),
            gaps as (select o.day - c.day as gap from opened c
                asof left join orders o on c.customer = o.customer and c.moment < o.moment)
            select count(*) filter (gap <= 30), count(*) from gaps where coalesce(gap > 1, true)""",
    ],
    "new_customers": [
        f"""{BY_CHANNEL} (select channel, count(*) as n from (select arg_min(channel, moment) as channel from {{t}}
                group by customer having bool_or(type = 'order')) group by channel)""",
        f"""{BY_CHANNEL} (select channel, count(*) as n from (select {FIRST_CHANNEL} as channel from {{t}}
                group by customer having count(*) filter (type = 'order') > 0) group by channel)""",
    ],
    "active_days": [
        f"select count(*), count(distinct customer) from (select distinct customer, {DAYS} as day from {{t}})",
        f"""select sum(n)::bigint, count(*) from
                (select count(distinct {DAYS}) as n from {{t}} group by customer)""",
        # Days counted where they change.
        f"""select count(*) filter (before is distinct from day), count(*) filter (before is null) from
                (select {DAYS} as day, lag({DAYS}) {ORDERED} as before from {{t}})""",
    ],
    "trial_conversion": [
        f"""with tried as (select customer, item, min(moment) as moment from {{t}} where type = 'product_trial' group by all),
            bought as (select customer, item, moment from {{lines}})
            select count(*) filter ((epoch_us(b.moment) // 86400000000) - (epoch_us(t.moment) // 86400000000) <= 14), count(*)
            from tried t asof left join bought b
                on t.customer = b.customer and t.item = b.item and t.moment < b.moment""",
        f"""with tried as (select customer, item, min(moment) as moment from {{t}} where type = 'product_trial' group by all),
            taken as (select distinct t.customer, t.item from tried t join {{lines}} b using (customer, item)
                where b.moment > t.moment
                    and (epoch_us(b.moment) // 86400000000) - (epoch_us(t.moment) // 86400000000) <= 14)
            select (select count(*) from taken), (select count(*) from tried)""",
    ],
    "care_within_target": [
        """with contacts as (select customer, item, moment, detail, count(*) filter (detail = 0) over (
                    partition by customer, item order by moment rows unbounded preceding) as nth
                from {t} where type = 'service_contact'),
            cases as (select min(moment) filter (detail = 0) as opened, min(moment) filter (detail = 1) as replied,
                    min(moment) filter (detail = 3) as resolved
                from contacts where nth > 0 group by customer, item, nth)
            select count(*) filter (replied - opened <= interval 60 days and coalesce(resolved >= replied, true)), count(*)
            from cases""",
        # What comes next, without cases.
        """with contacts as (select detail, epoch_us(moment) as since,
                    min(epoch_us(moment)) filter (detail = 0) over later as next,
                    min(epoch_us(moment)) filter (detail = 1) over later as replied,
                    min(epoch_us(moment)) filter (detail = 3) over later as resolved
                from {t} where type = 'service_contact' window later as (partition by customer, item
                    order by moment rows between 1 following and unbounded following))
            select count(*) filter (replied - since <= 60 * 86400000000 and coalesce(replied < next, true)
                and coalesce(replied <= resolved, true)), count(*) from contacts where detail = 0""",
    ],
    "cases_repeated_elsewhere": [
        f"""with asked as (select customer, item, channel, moment, detail, number, {DAYS} as day from {{t}}
                where type = 'service_contact' and detail in (0, 2, 4))
            select (select count(distinct o.number) from asked o join asked c using (customer, item)
                where o.detail = 0 and c.moment > o.moment and c.day - o.day <= 30 and c.channel <> o.channel),
                (select count(*) from asked where detail = 0)""",
        f"""with asked as (select customer, item, channel, moment, detail, {DAYS} as day from {{t}}
                where type = 'service_contact' and detail in (0, 2, 4))
            select count(*) filter (exists (from asked c where c.customer = o.customer and c.item = o.item
                and c.moment > o.moment and c.day - o.day <= 30 and c.channel <> o.channel)), count(*)
            from asked o where o.detail = 0""",
    ],
    "upsell_acceptance": [
        f"""with shown as (select customer, item, min(moment) as moment from {{t}}
                where type = 'offer_shown' and detail in (1, 2) group by all),
            taken as (select customer, item, moment from {{t}} where type in ('offer_accepted', 'order') and item <> 0)
            select count(*) filter ((epoch_us(t.moment) // 86400000000) - (epoch_us(s.moment) // 86400000000) <= 14), count(*)
            from shown s asof left join taken t
                on s.customer = t.customer and s.item = t.item and s.moment < t.moment""",
        f"""with shown as (select customer, item, min(moment) as moment from {{t}}
                where type = 'offer_shown' and detail in (1, 2) group by all),
            taken as (select customer, item, moment from {{t}} where type in ('offer_accepted', 'order') and item <> 0),
            pairs as (select distinct customer, item from shown s join taken t using (customer, item)
                where t.moment > s.moment
                    and (epoch_us(t.moment) // 86400000000) - (epoch_us(s.moment) // 86400000000) <= 14)
            select (select count(*) from pairs), (select count(*) from shown)""",
    ],
    "returned_orders": [
        f"""with seen as (select type, {DAYS} as day, lead(type) {ORDERED} as next, lead({DAYS}) {ORDERED} as on_day
                from {{t}} where type in ('order', 'return'))
            select count(*) filter (next = 'return' and on_day - day <= 30), count(*) from seen where type = 'order'""",
        # Type and day as one number.
        f"""with seen as (select pair & 1 as back, pair >> 1 as day, lead(pair) over (partition by customer order by moment) as next
                from (select customer, moment, {DAYS} * 2 + (type = 'return')::integer as pair
                    from {{t}} where type in ('order', 'return')))
            select count(*) filter (next & 1 = 1 and (next >> 1) - day <= 30), count(*) from seen where back = 0""",
    ],
    "returns_elsewhere": [
        f"""with seen as (select type, channel, max(epoch_us(moment) * 16 + enum_code(channel)) filter (type = 'order')
                    {EARLIER} as last from {{t}} where type in ('order', 'return')),
            pairs as (select channel, last % 16 as other, count(*) as n from seen
                where type = 'return' and last is not null group by all)
            select string_agg(n::varchar, ' ' order by channel, other) from pairs""",
        f"""with backs as (select customer, moment, channel from {{t}} where type = 'return'),
            orders as (select customer, moment, channel from {{t}} where type = 'order'),
            pairs as (select b.channel, o.channel as other, count(*) as n
                from backs b asof join orders o on b.customer = o.customer and b.moment > o.moment group by all)
            select string_agg(n::varchar, ' ' order by channel, other) from pairs""",
    ],
    "omnichannel_share": [
        f"""select count(*) filter (n > 1), count(*) from
                (select count(distinct channel) as n from {{t}} where {USES} group by customer)""",
        f"""select count(*) filter (least <> greatest), count(*) from
                (select min(channel) as least, max(channel) as greatest from {{t}} where {USES} group by customer)""",
        f"""select count(*) filter (bit_count(channels) > 1), count(*) from
                (select bit_or(1 << enum_code(channel)::integer) as channels from {{t}} where {USES} group by customer)""",
    ],
    "attribution": [
        f"""with seen as (select type, amount, {DAYS} as day, lag(type) {ORDERED} as before, lag(channel) {ORDERED} as from_channel,
                    lag({DAYS}) {ORDERED} as since from {{t}} where type = 'order' or type in {JOURNEY}),
            credits as (select case when before = 'order' or day - since > 30 then null else from_channel end as channel,
                    count(*) as orders, sum(amount)::bigint as revenue from seen where type = 'order' group by 1)
            select string_agg(orders || ' ' || revenue, ' ' order by channel nulls last) from credits""",
        # Type, day and channel as one number.
        f"""with packed as (select customer, moment, amount,
                    {DAYS} * 32 + (type = 'order')::integer * 16 + enum_code(channel)::integer as what
                from {{t}} where type = 'order' or type in {JOURNEY}),
            seen as (select amount, what, lag(what) {ORDERED} as before from packed),
            credits as (select case when before & 16 = 0 and (what >> 5) - (before >> 5) <= 30 then before & 15 end as channel,
                    count(*) as orders, sum(amount)::bigint as revenue from seen where what & 16 = 16 group by 1)
            select string_agg(orders || ' ' || revenue, ' ' order by channel nulls last) from credits""",
    ],
    "funnel": [
        # Step by step, by asof joins.
        f"""with visits as (select customer, moment, {DAYS} as day from {{t}} where type = 'visit'),
            views as (select customer, moment, {DAYS} as day from {{t}} where type = 'product_view'),
            carts as (select customer, moment, {DAYS} as day from {{t}} where type = 'cart_updated'),
            orders as (select customer, moment, {DAYS} as day from {{t}} where type = 'order'),
            steps as (select v.customer, v.day as begin, p.moment as viewed, p.day - v.day as view_days from visits v
                asof left join views p on v.customer = p.customer and v.moment < p.moment),
            further as (select s.*, c.moment as carted, c.day - s.begin as cart_days from steps s
                asof left join carts c on s.customer = c.customer and s.viewed < c.moment),
            ends as (select f.*, o.day - f.begin as order_days from further f
                asof left join orders o on f.customer = o.customer and f.carted < o.moment),
            people as (select max(case when order_days <= 30 then 4 when cart_days <= 30 then 3
                    when view_days <= 30 then 2 else 1 end) as taken from ends group by customer)
            select count(*), count(*) filter (taken > 1), count(*) filter (taken > 2), count(*) filter (taken > 3) from people""",
        # From the end, by windows: the next order, the next cart with it, the next view with both.
        f"""with seen as (select customer, moment, type, {DAYS} as day,
                    min({DAYS}) filter (type = 'order') {LATER} as ordered
                from {{t}} where type in ('visit', 'product_view', 'cart_updated', 'order')),
            carts as (select customer, moment, type, day, min(day * 65536::bigint + coalesce(ordered, 65535))
                    filter (type = 'cart_updated') {LATER} as carted from seen),
            views as (select customer, type, day, min(day * 4294967296 + coalesce(carted, 4294967295))
                    filter (type = 'product_view') {LATER} as viewed from carts),
            taken as (select customer, case when viewed is null or (viewed >> 32) - day > 30 then 1
                    when ((viewed >> 16) & 65535) - day > 30 then 2
                    when (viewed & 65535) - day > 30 then 3 else 4 end as steps from views where type = 'visit'),
            people as (select max(steps) as taken from taken group by customer)
            select count(*), count(*) filter (taken > 1), count(*) filter (taken > 2), count(*) filter (taken > 3) from people""",
    ],
    "lifecycle": [
        f"""with active as (select distinct customer, {MONTHS} as month from {{t}} where type = 'visit'),
            walked as (select month, lag(month) over one as before, lead(month) over one as after
                from active window one as (partition by customer order by month)),
            came as (select month, count(*) filter (before is null) as fresh, count(*) filter (before = month - 1) as back,
                    count(*) filter (before < month - 1) as risen from walked group by month),
            went as (select month + 1 as month, count(*) filter (after is distinct from month + 1) as gone
                from walked group by month)
            select string_agg(concat_ws(' ', fresh, back, risen, coalesce(gone, 0)), ' ' order by month)
            from came left join went using (month)""",
        # A customer's months as bits of one number.
        f"""with people as (select bit_or(1::bigint << {MONTHS}) as months from {{t}} where type = 'visit' group by customer),
            counts as (select k, count(*) filter (months >> k & 1 = 1 and months & ((1::bigint << k) - 1) = 0) as fresh,
                    count(*) filter (months >> k & 1 = 1 and months >> (k - 1) & 1 = 1) as back,
                    count(*) filter (months >> k & 1 = 1 and months >> (k - 1) & 1 = 0
                        and months & ((1::bigint << k) - 1) <> 0) as risen,
                    count(*) filter (months >> k & 1 = 0 and months >> (k - 1) & 1 = 1) as gone
                from people cross join range(1, 25) months_of(k) group by k)
            select string_agg(concat_ws(' ', fresh, back, risen, gone), ' ' order by k) from counts""",
    ],
    "rfm": [
        # Ranks of everybody.
        f"""with people as (select max({DAYS}) filter (type = 'order') as r, count(*) filter (type = 'order') as f,
                    sum(case when type = 'order' then amount else -amount end) as m
                from {{t}} where type in ('order', 'return') group by customer having count(*) filter (type = 'order') > 0),
            scored as (select least(5, 1 + 5 * (2 * rank() over (order by r) - 2 + count(*) over (partition by r))
                        // (2 * count(*) over ())) as r,
                    least(5, 1 + 5 * (2 * rank() over (order by f) - 2 + count(*) over (partition by f))
                        // (2 * count(*) over ())) as f,
                    least(5, 1 + 5 * (2 * rank() over (order by m) - 2 + count(*) over (partition by m))
                        // (2 * count(*) over ())) as m from people),
            cells as (select r, f, m, count(*) as n from scored group by all)
            select string_agg(n::varchar, ' ' order by r, f, m) from cells""",
        # Ranks of values that occur.
        f"""with people as (select max({DAYS}) filter (type = 'order') as r, count(*) filter (type = 'order') as f,
                    sum(case when type = 'order' then amount else -amount end)::bigint as m
                from {{t}} where type in ('order', 'return') group by customer having count(*) filter (type = 'order') > 0),
            n as (select count(*) as n from people),
            rs as (select r, least(5, 1 + 5 * (2 * sum(c) over (order by r) - c) // (2 * n)) as score
                from (select r, count(*) as c from people group by r), n),
            fs as (select f, least(5, 1 + 5 * (2 * sum(c) over (order by f) - c) // (2 * n)) as score
                from (select f, count(*) as c from people group by f), n),
            ms as (select m, least(5, 1 + 5 * (2 * sum(c) over (order by m) - c) // (2 * n)) as score
                from (select m, count(*) as c from people group by m), n),
            cells as (select rs.score as r, fs.score as f, ms.score as m, count(*) as n
                from people join rs using (r) join fs using (f) join ms using (m) group by all)
            select string_agg(n::varchar, ' ' order by r, f, m) from cells""",
    ],
    "mix": [
        """with sums as (select category, channel, sum(quantity)::bigint as units, sum(price * quantity // 1000)::bigint as revenue
                from {lines} join items using (item) group by all)
            select string_agg(units || ' ' || revenue, ' ' order by category, channel) from sums""",
        # Items before categories.
        """with each as (select item, channel, sum(quantity)::bigint as units, sum(price * quantity // 1000)::bigint as revenue
                from {lines} group by all),
            sums as (select category, channel, sum(units)::bigint as units, sum(revenue)::bigint as revenue
                from each join items using (item) group by all)
            select string_agg(units || ' ' || revenue, ' ' order by category, channel) from sums""",
    ],
}
