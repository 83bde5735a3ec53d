use super::*;

fn near(a: f64, b: f64, within: f64) {
    assert!((a - b).abs() <= within, "{a} is not {b}");
}

#[test]
fn wilson_matches_the_reference_values() {
    for (k, n, low, high) in [
        (0, 10, 0.0, 0.27753),
        (5, 10, 0.23659, 0.76341),
        (10, 10, 0.72247, 1.0),
        (372, 1358, 0.25088, 0.29826),
    ] {
        let interval = wilson(k, n).unwrap();
        near(interval.low, low, 5e-6);
        near(interval.high, high, 5e-6);
    }
    assert_eq!(wilson(0, 0), None);
}

#[test]
fn the_score_matches_the_reference_value() {
    let (score, interval) = net_promoter_score(50, 33, 17).unwrap();
    near(score, 33.0, 1e-12);
    near(interval.low.midpoint(interval.high), 32.04, 0.005);
    near(interval.low, 17.56, 0.005);
    near(interval.high, 46.52, 0.005);
    assert_eq!(net_promoter_score(0, 0, 0), None);
}

/// Unclipped, ten answers of 10 would reach 113, and one would lie above its own interval.
#[test]
fn the_interval_of_a_score_holds_it_and_stays_on_the_scale() {
    for all in 1..40_u64 {
        for promoters in 0..=all {
            for detractors in 0..=all - promoters {
                let found = net_promoter_score(promoters, all - promoters - detractors, detractors);
                let (score, Interval { low, high, .. }) = found.unwrap();
                assert!(-100.0 <= low && low <= score && score <= high && high <= 100.0);
            }
        }
    }
    assert_eq!(net_promoter_score(100, 0, 0).unwrap().1.high, 100.0);
    assert_eq!(net_promoter_score(0, 0, 5).unwrap().1.low, -100.0);
}

#[test]
fn quantiles_interpolate_as_type_7_does() {
    // R: quantile(c(1, 2, 3, 4, 10), c(.5, .9)) is 3 and 7.6.
    let mut values = [10, 3, 1, 4, 2];
    let median = quantile(&mut values, 0.5, f64::from).unwrap();
    near(median.value, 3.0, 0.0);
    assert_eq!(median.interval, None, "five values do not cover 95 %");
    near(quantile(&mut values, 0.9, f64::from).unwrap().value, 7.6, 1e-12);
    assert_eq!(quantile::<i32>(&mut [], 0.5, f64::from), None);
    near(quantile(&mut [7], 0.9, f64::from).unwrap().value, 7.0, 0.0);
}

#[test]
fn the_interval_of_a_median_is_a_pair_of_order_statistics_that_covers() {
    // Conover's table: 15 values, the 4th to the 12th.
    assert_eq!(Ranks::of(15, 0.5).unwrap().interval, Some((3, 11)));
    for n in 6..200_u64 {
        for p in [0.5, 0.9] {
            let Some((low, high)) = Ranks::of(n, p).unwrap().interval else { continue };
            let binomial = Binomial::new(p, n).unwrap();
            let below = if low == 0 { 0.0 } else { binomial.cdf(low) };
            assert!(binomial.cdf(high) - below >= 0.95 || low == 0, "{n} {p}");
            assert!(low < high && high < n);
            assert_eq!(low + 1, binomial.inverse_cdf(ALPHA / 2.0));
            assert_eq!(high, binomial.inverse_cdf(1.0 - ALPHA / 2.0));
        }
    }
}

#[test]
fn a_histogram_and_a_list_have_the_same_quantiles() {
    let mut values: Vec<u32> = (0..997_u32).map(|i| i * i % 101).collect();
    let mut counts = vec![0; 101];
    values.iter().for_each(|&v| counts[v as usize] += 1);
    for p in [0.0, 0.1, 0.5, 0.9, 1.0] {
        assert_eq!(quantile_of_counts(&counts, p), quantile(&mut values, p, f64::from), "{p}");
    }
    assert_eq!(quantile_of_counts(&[0, 0], 0.5), None);
}

#[test]
fn values_at_ranks_are_those_of_the_sorted_list() {
    let mut seed = 1_u64;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 20).cast_signed() >> (seed % 41) as u32
    };
    for count in [1_usize, 2, 10, 300, 5_000] {
        let mut values: Vec<i64> = (0..count).map(|i| if i % 3 == 0 { -next() } else { next() }).collect();
        values[0] = i64::MAX;
        if count > 5 {
            values[1..5].copy_from_slice(&[i64::MIN, 0, -1, 128]);
        }
        let mut ranks: Vec<u64> = (0..count as u64).rev().take(200).chain([0]).collect();
        let (one, two) = values.split_at(count / 3);
        let found = at_ranks(&[one.to_vec(), two.to_vec()], &mut ranks);
        values.sort_unstable();
        for (&rank, value) in ranks.iter().zip(found) {
            assert_eq!(values[rank as usize], value, "rank {rank} of {count}");
        }
    }
    assert_eq!(at_ranks(&[], &mut Vec::new()), Vec::<i64>::new());
}

#[test]
fn survival_matches_the_leukaemia_example() {
    // Freireich et al. 1963, the 6-MP arm: 21 patients; events and censorings by week.
    // R's survival package: S(6) = .857, S(10) = .753, S(22) = .538, S(23) = .448.
    let weeks = [
        (6, 3, 1, 0.857),
        (7, 1, 0, 0.807),
        (9, 0, 1, 0.807),
        (10, 1, 1, 0.753),
        (11, 0, 1, 0.753),
        (13, 1, 0, 0.690),
        (16, 1, 0, 0.627),
        (17, 0, 1, 0.627),
        (19, 0, 1, 0.627),
        (20, 0, 1, 0.627),
        (22, 1, 0, 0.538),
        (23, 1, 0, 0.448),
    ];
    let mut survival = Survival::of(21);
    for (week, events, censored, expected) in weeks {
        survival.step(events, censored);
        near(survival.survival, expected, 0.0005);
        if week == 6 {
            // conf.type = "log-log" gives [.620, .952].
            let interval = survival.interval().unwrap();
            near(interval.low, 0.620, 0.0005);
            near(interval.high, 0.952, 0.0005);
        }
    }
    assert_eq!(survival.at_risk, 5);
    assert_eq!(Survival::of(3).interval(), None);
}

#[test]
fn a_mean_has_an_interval_from_two_values_on() {
    let mut moments = Moments::default();
    assert_eq!(moments.mean(), None);
    moments.add(2.0);
    assert_eq!(moments.mean(), Some((2.0, None)));
    let mut other = Moments::default();
    [4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0].into_iter().for_each(|v| other.add(v));
    moments.merge(other);
    let (mean, interval) = moments.mean().unwrap();
    near(mean, 5.0, 1e-12);
    // Sample variance 32 / 7.
    near(interval.unwrap().high - mean, Z95 * (32.0_f64 / 7.0 / 8.0).sqrt(), 1e-12);
}
