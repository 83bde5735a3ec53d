//! Beside the Python package `lifetimes`, on the CDNOW sample that it ships: `tests/lifetimes`.

use super::purchases::{Known, Sample};
use super::value::{self, Worth};

const CDNOW: &str = include_str!("../../../../../tests/lifetimes/cdnow.csv");
const PARAMETERS: &str = include_str!("../../../../../tests/lifetimes/parameters.csv");
/// The sample's times are hundredths of weeks.
const TICK: f64 = 0.01;
const HORIZON_WEEKS: f64 = 39.0;

/// The numbers of the lines of a file but its first.
fn numbers(text: &str, from: usize) -> Vec<Vec<f64>> {
    let line = |line: &str| line.split(',').skip(from).map(|n| n.parse().unwrap()).collect();
    text.lines().skip(1).map(line).collect()
}

fn near(a: f64, b: f64, within: f64, what: &str) {
    assert!((a - b).abs() <= within, "{what}: {a} is not {b}");
}

#[test]
fn the_fit_of_the_cdnow_sample_is_that_of_the_package() {
    let (cdnow, expected) = (numbers(CDNOW, 0), numbers(PARAMETERS, 1));
    assert_eq!((cdnow.len(), expected.len()), (2_357, 7));
    let ticks = |weeks: f64| (weeks / TICK).round() as u16;
    let known = |row: &Vec<f64>| Known { repeats: row[0] as u32, last: ticks(row[1]), age: ticks(row[2]) };
    let sample = Sample::of(cdnow.iter().map(known).collect(), TICK);
    let purchases = sample.fit().unwrap();
    let buyers = cdnow.iter().filter(|row| row[0] > 0.0);
    let worth = |row: &Vec<f64>| Worth { repeats: row[0] as u32, mean: row[3] };
    let value = value::Sample::of(buyers.map(worth).collect()).fit().unwrap();
    assert!(purchases.fitted.converged && value.fitted.converged);
    let found = purchases.fitted.parameters.into_iter().chain(value.fitted.parameters);
    let errors = purchases.fitted.errors.unwrap().into_iter().chain(value.fitted.errors.unwrap());
    for ((found, error), expected) in found.zip(errors).zip(&expected) {
        near(found, expected[0], 1e-3, "parameter");
        near(error, expected[1], 1e-3 * expected[1].max(1.0), "standard error");
    }
    // What the authors of the model print: r = .243, alpha = 4.414, a = .793, b = 2.426, LL -9582.4.
    near(purchases.fitted.log_likelihood, -9_582.4, 0.05, "log-likelihood");
    let while_alive = purchases.expectations(&sample, HORIZON_WEEKS);
    for row in &cdnow {
        let (repeats, last, age) = (row[0] as u32, row[1], row[2]);
        near(purchases.alive(repeats, last, age), row[4], 1e-3, "alive");
        let expected = purchases.purchases(repeats, last, age, HORIZON_WEEKS);
        near(expected, row[5], 1e-3, "purchases");
        let once_more = while_alive[&(repeats, ticks(age))] * purchases.alive(repeats, last, age);
        near(once_more, expected, 1e-9, "purchases by the table");
        near(value.worth(repeats, row[3]).unwrap(), row[6], 1e-3 * row[6], "worth");
    }
}
