"""Asks DuckDB what `cargo bench --bench kpi -- TOUCHPOINTS --dump FOLDER` asked the kernels.

    python kpi_duckdb.py FOLDER        (needs the package duckdb)

Prints, for each question, the best time of the kernel and of DuckDB on two threads over (a) plain
tables with the mapping joined and (b) one table joined before and sorted by customer and time,
and the ratios. Ends with an error when an answer differs.
"""

import sys
import time

import duckdb

RUNS = 5

LOAD = """
create table touchpoints as select observation, make_timestamp("at") as moment, channel, type, amount, score, seconds
    from read_csv('{folder}/touchpoints.csv');
create table mapping as from read_csv('{folder}/mapping.csv');
create table rates as from read_csv('{folder}/rates.csv');
create table joined as select customer, moment, channel, type, amount, score, seconds
    from touchpoints join mapping using (observation) order by customer, moment;
"""

# {t} is a table with customer, moment and the rest.
QUESTIONS = {
    "retention triangle": """
        with orders as (select customer, moment from {t} where type = 'order'),
        firsts as (select customer, min(moment) as first from orders group by customer),
        cells as (select date_trunc('month', first) as cohort, date_diff('month', first, moment) as k,
                count(distinct customer) as back
            from orders join firsts using (customer) where moment > first group by all)
        select cast(sum((k + 1) * back) as bigint) from cells where k <= 12""",
    "repurchase": """
        with orders as (select customer, moment, date_diff('day', lag(moment) over one, moment) as gap,
                min(moment) over one as first
            from {t} where type = 'order' window one as (partition by customer order by moment)),
        people as (select customer, count(*) as orders,
                min(date_diff('day', first, moment)) filter (date_diff('day', first, moment) > 0) as again
            from orders group by customer)
        select (select count(*) filter (orders > 1) from people), (select count(*) from people),
            (select count(*) filter (again <= 90) from people), (select count(*) from people),
            (select cast(quantile_cont(gap, 0.5) as double) from orders where gap is not null),
            (select cast(quantile_cont(gap, 0.9) as double) from orders where gap is not null)""",
    "NPS by channel": """
        with last as (select customer, arg_max(score, moment) as score, arg_max(channel, moment) as channel
            from {t} where type = 'nps' group by customer)
        select string_agg(counts, ' ' order by channel) from (select channel, concat_ws(' ',
            count(*) filter (score >= 9), count(*) filter (score in (7, 8)), count(*) filter (score <= 6)) as counts
            from last group by channel)""",
    "cost to serve": """
        with own as (from rates where type <> 'any'), other as (from rates where type = 'any'),
        people as (select customer, sum(
                60 * coalesce(own.per_touch, other.per_touch, 0)
                + t.seconds * coalesce(own.per_minute, other.per_minute, 0)) as cost
            from {t} t left join own on t.channel = own.channel and t.type = own.type
            left join other on t.channel = other.channel group by customer)
        select cast(sum(cost) as bigint), round(quantile_cont(cost, 0.5)), round(quantile_cont(cost, 0.9))
        from people""",
}

MAPPED = """(select customer, moment, channel, type, amount, score, seconds
    from touchpoints join mapping using (observation))"""


def ask(connection, text):
    best = float("inf")
    for _ in range(RUNS):
        begun = time.perf_counter()
        row = connection.execute(text).fetchone()
        best = min(best, time.perf_counter() - begun)
    return best * 1000, row


def same(ours, theirs):
    words = " ".join(str(value) for value in theirs).split()
    return len(ours.split()) == len(words) and all(
        abs(float(a) - float(b)) <= 1e-9 * max(1.0, abs(float(b))) for a, b in zip(ours.split(), words)
    )


def main(folder):
    connection = duckdb.connect()
    connection.execute("set threads = 2")
    connection.execute(LOAD.format(folder=folder))
    differs = False
    print(f"{'question':<20} {'kernel':>9} {'joined':>10} {'ratio':>6} {'sorted':>10} {'ratio':>6}   (ms)")
    with open(f"{folder}/answers.tsv", encoding="utf-8") as answers:
        for line in answers:
            name, ms, ours = line.rstrip("\n").split("\t")
            plain, one = ask(connection, QUESTIONS[name].format(t=MAPPED))
            ordered, other = ask(connection, QUESTIONS[name].format(t="joined"))
            ms = float(ms)
            print(f"{name:<20} {ms:9.2f} {plain:10.1f} {plain / ms:6.1f} {ordered:10.1f} {ordered / ms:6.1f}")
            for theirs in (one, other):
                if not same(ours, theirs):
                    differs = True
                    print(f"  differs: {ours} and {theirs}")
    sys.exit(1 if differs else 0)


if __name__ == "__main__":
    main(sys.argv[1])
