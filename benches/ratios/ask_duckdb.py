"""DuckDB beside the kernels: loads a folder of touchpoints, then answers questions from standard input.

    python ask_duckdb.py FOLDER        (needs the package duckdb)

A line `QUESTION WAY` asks each of the question's texts once, on two threads, and prints the
milliseconds of each and its answer, as one line of tab-separated columns. WAY is `joined` (plain
tables, the mapping joined by the query) or `sorted` (one table, joined before and sorted by
customer and time).
"""

import sys
import time

import duckdb

from ask_measures import DAYS, MONTHS
from ask_measures import QUESTIONS as MEASURES

COLUMNS = "customer, moment, channel, type, number, amount, score, seconds, item, detail"

LOAD = """
create type channel as enum (select distinct channel from read_csv('{folder}/touchpoints.csv') order by 1);
create type kind as enum (select distinct type from read_csv('{folder}/touchpoints.csv') order by 1);
create table touchpoints as select number::integer as number, observation::integer as observation,
    make_timestamp("at") as moment, channel::channel as channel, type::kind as type, amount::integer as amount,
    score::tinyint as score, seconds::integer as seconds, item::integer as item, detail::tinyint as detail
    from read_csv('{folder}/touchpoints.csv');
create table mapping as select observation::integer as observation, customer::integer as customer
    from read_csv('{folder}/mapping.csv');
create table rates as from read_csv('{folder}/rates.csv');
create table items as from read_csv('{folder}/items.csv');
create table lines as select number::integer as number, item::integer as item, quantity::integer as quantity,
    price::integer as price from read_csv('{folder}/lines.csv');
create table joined as select {columns}
    from touchpoints join mapping using (observation) order by customer, moment;
create table joined_lines as select customer, moment, channel, lines.*
    from lines join joined using (number) order by customer, moment;
"""

# In the texts, {t} is a table with customer, moment and the rest, {lines} those of orders with the same.
WAYS = {
    "joined": {
        "t": f"(select {COLUMNS} from touchpoints join mapping using (observation))",
        "lines": """(select customer, moment, channel, lines.* from lines join touchpoints using (number)
            join mapping using (observation))""",
    },
    "sorted": {"t": "joined", "lines": "joined_lines"},
}

CELLS = ", ".join(f"count(*) filter ((months >> (cohort + {k})) & 1 = 1) * {k + 1}" for k in range(1, 13))
PRICES = """
    prices as (select c.channel, k.type, 60 * coalesce(own.per_touch, other.per_touch, 0) as touch,
            coalesce(own.per_minute, other.per_minute, 0) as minute
        from (select unnest(enum_range(null::channel)) as channel) c
        cross join (select unnest(enum_range(null::kind)) as type) k
        left join rates own on own.channel = c.channel::varchar and own.type = k.type::varchar
        left join rates other on other.channel = c.channel::varchar and other.type = 'any')"""

QUESTIONS = {
    "triangle": [
        # Word for word.
        """with orders as (select customer, moment from {t} where type = 'order'),
            firsts as (select customer, min(moment) as first from orders group by customer),
            cells as (select date_trunc('month', first) as cohort, date_diff('month', first, moment) as k,
                    count(distinct customer) as back
                from orders join firsts using (customer) where moment > first group by all)
            select cast(sum((k + 1) * back) as bigint) from cells where k <= 12""",
        # A customer's months as bits of one number.
        f"""with people as (select customer, min(month, 2) as least, bit_or(1::bigint << month) as months
                from (select customer, {MONTHS} as month from {{t}} where type = 'order') group by customer),
            bits as (select least[1] as cohort, coalesce(least[2] = least[1], false) as again, months from people),
            cells as (select cohort, list_sum([count(*) filter (again), {CELLS}]) as back from bits group by cohort)
            select cast(sum(back) as bigint) from cells""",
        # The same, with up to fifteen orders a month counted in four bits.
        f"""with people as (select customer, min(month) as cohort, bit_or(1::bigint << month) as months,
                    sum(1::hugeint << (4 * month)) as counts
                from (select customer, {MONTHS} as month from {{t}} where type = 'order') group by customer),
            cells as (select cohort, list_sum([count(*) filter ((counts >> (4 * cohort)) & 15 > 1), {CELLS}]) as back
                from people group by cohort)
            select cast(sum(back) as bigint) from cells""",
    ],
    "repurchase": [
        # Word for word.
        """with orders as (select customer, moment, date_diff('day', lag(moment) over one, moment) as gap,
                    min(moment) over one as first
                from {t} where type = 'order' window one as (partition by customer order by moment)),
            people as (select customer, count(*) as orders,
                    min(date_diff('day', first, moment)) filter (date_diff('day', first, moment) > 0) as again
                from orders group by customer)
            select (select count(*) filter (orders > 1) from people), (select count(*) from people),
                (select count(*) filter (again <= 90) from people), (select count(*) from people),
                (select cast(quantile_cont(gap, 0.5) as double) from orders where gap is not null),
                (select cast(quantile_cont(gap, 0.9) as double) from orders where gap is not null)""",
        # One pass over one window.
        f"""with orders as (select day, lag(day) over one as before, first_value(day) over one as first,
                    row_number() over one as nth
                from (select customer, {DAYS} as day from {{t}} where type = 'order')
                window one as (partition by customer order by day))
            select count(*) filter (nth = 2), count(*) filter (nth = 1),
                count(*) filter (before = first and day > first and day - first <= 90), count(*) filter (nth = 1),
                quantile_cont(day - before, 0.5)::double, quantile_cont(day - before, 0.9)::double
            from orders""",
        # A list for each customer.
        f"""with people as (select customer, list_sort(list({DAYS})) as days
                from {{t}} where type = 'order' group by customer having count(*) > 1),
            everyone as (select count(distinct customer) as buyers from {{t}} where type = 'order'),
            again as (select count(*) as repeating,
                    count(*) filter (list_min(list_filter(days, lambda day: day > days[1])) - days[1] <= 90) as soon
                from people),
            gaps as (select unnest(days[2:]) - unnest(days[:-2]) as gap from people),
            quantiles as (select quantile_cont(gap, [0.5, 0.9]) as q from gaps)
            select repeating, buyers, soon, buyers, q[1]::double, q[2]::double from again, everyone, quantiles""",
    ],
    "nps": [
        # Word for word.
        """with last as (select customer, arg_max(score, moment) as score, arg_max(channel, moment) as channel
                from {t} where type = 'nps' group by customer)
            select string_agg(counts, ' ' order by channel) from (select channel, concat_ws(' ',
                count(*) filter (score >= 9), count(*) filter (score in (7, 8)), count(*) filter (score <= 6)) as counts
                from last group by channel)""",
        # Channel and score as one number.
        """with last as (select customer, arg_max(score + 16 * enum_code(channel)::integer, moment) as pair
                from {t} where type = 'nps' group by customer)
            select string_agg(counts, ' ' order by channel) from (select pair // 16 as channel, concat_ws(' ',
                count(*) filter (pair % 16 >= 9), count(*) filter (pair % 16 in (7, 8)),
                count(*) filter (pair % 16 <= 6)) as counts from last group by channel)""",
        # And the moment in it too.
        """with last as (select max(epoch_us(moment) * 256 + score + 16 * enum_code(channel)) as all_three
                from {t} where type = 'nps' group by customer),
            pair as (select all_three % 16 as score, all_three // 16 % 16 as channel from last)
            select string_agg(counts, ' ' order by channel) from (select channel, concat_ws(' ',
                count(*) filter (score >= 9), count(*) filter (score in (7, 8)), count(*) filter (score <= 6)) as counts
                from pair group by channel)""",
    ],
    "cost": [
        # Word for word.
        """with own as (from rates where type <> 'any'), other as (from rates where type = 'any'),
            people as (select customer, sum(
                    60 * coalesce(own.per_touch, other.per_touch, 0)
                    + t.seconds * coalesce(own.per_minute, other.per_minute, 0)) as cost
                from {t} t left join own on t.channel::varchar = own.channel and t.type::varchar = own.type
                left join other on t.channel::varchar = other.channel group by customer)
            select cast(sum(cost) as bigint), round(quantile_cont(cost, 0.5)), round(quantile_cont(cost, 0.9))
            from people""",
        # One price for each channel and type, by their enums.
        f"""with {PRICES},
            people as (select customer, sum(touch + t.seconds * minute)::bigint as cost
                from {{t}} t join prices using (channel, type) group by customer),
            figures as (select quantile_cont(cost, [0.5, 0.9]) as q, sum(cost)::bigint as total from people)
            select total, round(q[1]), round(q[2]) from figures""",
        # Counts first, prices later.
        f"""with {PRICES},
            counts as (select customer, channel, type, count(*) as touches, sum(seconds) as seconds
                from {{t}} group by all),
            people as (select customer, sum(touches * touch + c.seconds * minute)::bigint as cost
                from counts c join prices using (channel, type) group by customer),
            figures as (select quantile_cont(cost, [0.5, 0.9]) as q, sum(cost)::bigint as total from people)
            select total, round(q[1]), round(q[2]) from figures""",
    ],
}


def main(folder):
    connection = duckdb.connect()
    connection.execute("set threads = 2")
    connection.execute(LOAD.format(folder=folder, columns=COLUMNS))
    print("ready", flush=True)
    for line in sys.stdin:
        question, way = line.split()
        answers = []
        for text in (QUESTIONS | MEASURES)[question]:
            begun = time.perf_counter()
            row = connection.execute(text.format(**WAYS[way])).fetchone()
            milliseconds = (time.perf_counter() - begun) * 1000
            answers += [f"{milliseconds:.3f}", " ".join(str(value) for value in row)]
        print("\t".join(answers), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
