//! Randomness in whole numbers only, so that every platform draws the same.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Quantiles of the exponential distribution of mean 1, in thousandths, at the middles of
/// 32 equal parts of probability: -ln(1 - (i + 1/2) / 32).
const EXPONENTIAL: [u64; 32] = [
    16, 48, 81, 116, 152, 189, 227, 267, 309, 352, 398, 446, 496, 549, 606, 665, 725, 793, 865, 943, 1_027,
    1_118, 1_219, 1_330, 1_456, 1_599, 1_766, 1_966, 2_216, 2_549, 3_060, 4_600,
];

/// A stream of chance.
pub struct Chance(ChaCha8Rng);

impl Chance {
    /// The stream of this number under the seed; streams do not overlap.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// 0 <= x < n.
    pub fn below(&mut self, n: u32) -> u32 {
        // The high half of a product is uniform up to 2^-32.
        ((u64::from(self.0.next_u32()) * u64::from(n)) >> 32) as u32
    }

    pub fn percent(&mut self, p: u32) -> bool {
        self.below(100) < p
    }

    /// Roughly exponential with this mean.
    pub fn exponential(&mut self, mean: u32) -> u32 {
        let at = self.below(32) as usize;
        let low = if at == 0 { 0 } else { EXPONENTIAL[at - 1] };
        let thousandths = low + u64::from(self.below(1_000)) * (EXPONENTIAL[at] - low) / 1_000;
        u32::try_from(u64::from(mean) * thousandths / 1_000).unwrap_or(u32::MAX)
    }

    /// The index of the weight that was hit.
    pub fn pick(&mut self, weights: &[u32]) -> usize {
        let mut left = self.below(weights.iter().sum());
        for (index, weight) in weights.iter().enumerate() {
            if left < *weight {
                return index;
            }
            left -= weight;
        }
        weights.len() - 1
    }
}

/// Properties that are looked up rather than drawn: the same question has the same answer
/// (splitmix64's finalizer over the parts).
pub fn mix(seed: u64, person: u32, n: u32, field: u32) -> u64 {
    let mut z = seed ^ (u64::from(person) << 32 | u64::from(n)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = finish(z);
    finish(z ^ u64::from(field).wrapping_mul(0xD1B5_4A32_D192_ED03))
}

fn finish(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
