"""Makes the files beside it: the CDNOW sample as the Python package `lifetimes` 0.11.3 (MIT) ships
it, and what that package computes of it. Run once by hand, in a virtual environment with
`pip install lifetimes`; the tests of `kpi::lifetime` read the files."""

import csv
import pathlib
import warnings

from lifetimes import BetaGeoFitter, GammaGammaFitter
from lifetimes.datasets import load_cdnow_summary_data_with_monetary_value

warnings.filterwarnings("ignore")
here = pathlib.Path(__file__).parent
data = load_cdnow_summary_data_with_monetary_value()
buyers = data[data.frequency > 0]

purchases = BetaGeoFitter()
purchases.fit(data.frequency, data.recency, data["T"])
value = GammaGammaFitter()
value.fit(buyers.frequency, buyers.monetary_value)

with open(here / "parameters.csv", "w", newline="") as file:
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(["parameter", "value", "standard_error"])
    for fitted in (purchases, value):
        for name, row in fitted.summary.iterrows():
            rows.writerow([name, f"{row['coef']:.6f}", f"{row['se(coef)']:.6f}"])

WEEKS = 39
with open(here / "cdnow.csv", "w", newline="") as file:
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(["repeats", "last_weeks", "age_weeks", "mean_value", "alive", "purchases", "worth"])
    for x, t_x, age, mean in zip(data.frequency, data.recency, data["T"], data.monetary_value):
        alive = purchases.conditional_probability_alive(x, t_x, age)
        expected = purchases.conditional_expected_number_of_purchases_up_to_time(WEEKS, x, t_x, age)
        worth = value.conditional_expected_average_profit(x, mean)
        computed = [alive.item(), expected.item(), worth.item()]
        rows.writerow([x, f"{t_x:.2f}", f"{age:.2f}", f"{mean:.2f}", *(f"{one:.6g}" for one in computed)])
