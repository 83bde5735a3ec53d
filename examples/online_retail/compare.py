#!/usr/bin/env python3
"""Compares what the service says of the Online Retail data with DuckDB on the same file.

    pip install -r clients/python/requirements.txt duckdb
    python examples/online_retail/compare.py invoices.csv.gz --target 127.0.0.1:7360 --tenant retail

Prints each figure twice; ends with a code other than 0 when any differs.
"""

import argparse
import datetime
import pathlib
import sys
import tempfile

import duckdb
import grpc

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "clients" / "python"))
import quickstart  # noqa: E402

START, END = datetime.datetime(2010, 12, 1), datetime.datetime(2012, 1, 1)
# The last invoice is of 2011-12-09; what follows was not observed.
OBSERVED_UNTIL = datetime.datetime(2011, 12, 10)
WINDOW_DAYS = 90
PERIODS = 12

TOTALS = """
    select count(*) filter (kind = 'sale' and customer_id is not null),
           count(*) filter (kind = 'sale' and customer_id is null),
           count(distinct customer_id) filter (kind = 'sale'),
           cast(sum(amount) filter (kind = 'sale' and customer_id is not null) * 100 as bigint),
           count(*) filter (kind = 'cancellation' and customer_id is not null),
           cast(-sum(amount) filter (kind = 'cancellation' and customer_id is not null) * 100 as bigint)
    from invoices"""

ORDERS = """
    create table orders as
    select customer_id, ts, ts::date as day,
           row_number() over (partition by customer_id order by ts, invoice_no) as n
    from invoices where kind = 'sale' and customer_id is not null"""

# Calendar days, 0 < d <= W: an order on the first one's own day is not yet a return.
REPURCHASE = f"""
    with buyers as (select customer_id, count(*) as orders, min(day) as first from orders group by 1),
    flags as (
        select orders >= 2 as repeated,
               exists (select 1 from orders o where o.customer_id = b.customer_id
                       and o.day > first and o.day <= first + {WINDOW_DAYS}) as again,
               first + {WINDOW_DAYS} < date '{OBSERVED_UNTIL.date()}' as observed
        from buyers b)
    select count(*) filter (repeated), count(*), count(*) filter (again), count(*),
           count(*) filter (again and observed), count(*) filter (observed)
    from flags"""

# The first order opens the cohort and is not its own return: month 0 counts further orders.
TRIANGLE = """
    with firsts as (
        select customer_id, date_trunc('month', min(ts)) as cohort from orders group by 1),
    sizes as (select cohort, count(*) as size from firsts group by 1),
    active as (select distinct customer_id, date_trunc('month', ts) as month from orders where n > 1)
    select strftime(cohort, '%Y-%m'), size, datediff('month', cohort, month) as k, count(*)
    from active join firsts using (customer_id) join sizes using (cohort)
    group by 1, 2, 3 order by 1, 3"""


def expected(path):
    db = duckdb.connect()
    db.execute("create table invoices as select * from read_csv(?, types = {'customer_id': 'varchar',"
               " 'ts': 'timestamp', 'amount': 'decimal(18, 2)', 'invoice_no': 'varchar'})", [path])
    db.execute(ORDERS)
    figures = dict(zip(["identified orders", "unidentified orders", "buyers", "gross pence",
                        "identified returns", "returned pence"], db.execute(TOTALS).fetchone()))
    a, a_of, b, b_of, o, o_of = db.execute(REPURCHASE).fetchone()
    figures |= {"repurchase (a)": (a, a_of), "repurchase (b), all": (b, b_of),
                "repurchase (b), observed": (o, o_of)}
    for cohort, size, k, customers in db.execute(TRIANGLE).fetchall():
        if k <= PERIODS:
            figures[f"cohort {cohort}, month {k}"] = (customers, size)
    return figures


def answered(story):
    """The same figures from the service."""
    scope = story.kpi.Scope(time_zone="UTC")
    scope.range.start.FromDatetime(START)
    scope.range.end.FromDatetime(END)
    scope.observed_until.FromDatetime(OBSERVED_UNTIL)
    figures = {"identified orders": 0, "identified returns": 0, "gross pence": 0, "returned pence": 0}
    figures |= {"buyers": 0, "unidentified orders": 0}
    for customer in customers(story):
        summary = customer.summary
        figures["identified orders"] += summary.orders
        figures["identified returns"] += summary.returns
        figures["buyers"] += summary.orders > 0
        for revenue in summary.revenue:
            figures["gross pence"] += revenue.gross_minor
            figures["returned pence"] += revenue.returned_minor

    pb = story.kpi_pb
    window = story.kpi.Window(days=WINDOW_DAYS)
    repurchase = story.call(story.kpis.ComputeRepurchase,
                            pb.ComputeRepurchaseRequest(scope=scope, window=window))
    excluded = {e.reason: e.touchpoints for e in repurchase.basis.excluded}
    figures["unidentified orders"] = excluded.get(story.kpi.EXCLUSION_REASON_NO_IDENTITY, 0)
    for name, ratio in [("repurchase (a)", repurchase.total.repeat_customers),
                        ("repurchase (b), all", repurchase.total.second_order_all),
                        ("repurchase (b), observed", repurchase.total.second_order_observed)]:
        figures[name] = (int(ratio.numerator), int(ratio.denominator))

    options = pb.CohortTriangleOptions(periods=PERIODS)
    request = pb.ComputeRetentionRequest(scope=scope, triangle=options)
    for row in story.call(story.kpis.ComputeRetention, request).total.triangle.rows:
        for cell in row.cells:
            # DuckDB has no line for a month in which nobody came.
            if cell.ratio.numerator:
                figures[f"cohort {row.label}, month {cell.k}"] = (int(cell.ratio.numerator), row.size)
    return figures


def customers(story):
    request = story.customer_pb.ListCustomersRequest(page_size=1000)
    request.read_mask.paths.append("summary")
    while True:
        page = story.call(story.customers.ListCustomers, request)
        yield from page.customers
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("csv")
    parser.add_argument("--target", default="127.0.0.1:7360")
    parser.add_argument("--tenant", default="default")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        quickstart.generate(folder)
        with grpc.insecure_channel(arguments.target) as channel:
            ours = answered(quickstart.Story(channel, arguments.tenant))
    theirs = expected(arguments.csv)
    differing = 0
    for name in theirs | ours:
        same = theirs.get(name) == ours.get(name)
        differing += not same
        if not same or not name.startswith("cohort"):
            print(f"{name:32} DuckDB {theirs.get(name)!s:>16}   service {ours.get(name)!s:>16}"
                  f"   {'equal' if same else 'DIFFERENT'}")
    cells = sum(name.startswith("cohort") for name in theirs)
    print(f"{len(theirs)} figures, {cells} of them cells of the monthly cohort triangle: {differing} differ")
    raise SystemExit(differing > 0)


if __name__ == "__main__":
    main()
