#!/usr/bin/env python3
"""Converts invoices of the Online Retail data set to JSON Lines for `customer360 import`.

    python examples/online_retail/convert.py invoices.csv.gz | customer360 import - --target URL

A sale becomes an order with the customer id as CRM_ID; one without a customer id becomes an
order without identifiers. A cancellation becomes a return without a link to its order, as the
data has none. Adjustments (bad debt, booked twice and back) are nobody's touchpoint: skipped.
Needs nothing but Python.
"""

import csv
import gzip
import json
import sys
from decimal import Decimal

CURRENCY = "GBP"


def pence(amount):
    minor = Decimal(amount) * 100
    assert minor == minor.to_integral_value(), f"{amount} has more than two decimals"
    return int(minor)


def touchpoint(row):
    """The touchpoint of an invoice; None for an adjustment."""
    amount = pence(row["amount"])
    result = {
        "source": "online-retail",
        "sourceId": row["invoice_no"],
        "at": row["ts"],
        "channel": "web",
        "attributes": {"country": {"text": row["country"]}},
    }
    if row["customer_id"]:
        result["identifiers"] = [{"kind": "CRM_ID", "value": row["customer_id"]}]
    if row["kind"] == "sale":
        money = {"minor": amount, "currency": CURRENCY}
        result["order"] = {"orderId": row["invoice_no"], "amount": money}
    elif row["kind"] == "cancellation":
        money = {"minor": -amount, "currency": CURRENCY}
        result["return"] = {"returnId": row["invoice_no"], "amount": money}
    else:
        return None
    return result


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    skipped = 0
    with gzip.open(sys.argv[1], "rt", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            line = touchpoint(row)
            if line is None:
                skipped += 1
            else:
                print(json.dumps(line, ensure_ascii=False))
    print(f"{skipped} adjustments skipped", file=sys.stderr)


if __name__ == "__main__":
    main()
