//! Customers are derived: a block of the partition of a tenant's observations.

use super::tenant::TenantKey;

/// Per tenant, gap-free, in commit order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Revision(pub i64);

/// Per tenant, from 1, in order of first recording. The least in a block names the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObservationNo(pub i64);

/// Per tenant, from 1, in order of recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TouchpointNo(pub i64);

/// Registered if the customer holds an identifier of a registered kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CustomerKind {
    Anonymous,
    Registered,
}

/// What callers see: the tenant's key and the observation's number, mixed so that
/// neighbours do not look alike, as a UUID of version 8. No index is needed to find
/// the observation, and an id of another tenant is recognised as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomerId(u128);

const NO_BITS: u32 = 62;
const NO_MASK: u128 = (1 << NO_BITS) - 1;
/// An odd factor and its inverse modulo 2^62: multiplication mixes, and can be undone.
const MIX: u128 = 0x1E37_79B9_7F4A_7C15;
const UNMIX: u128 = inverse(MIX);

const fn inverse(odd: u128) -> u128 {
    // Newton's iteration doubles the correct bits each time: 3, 6, 12, 24, 48, 96.
    let mut x = odd;
    let mut round = 0;
    while round < 6 {
        x = x.wrapping_mul(2u128.wrapping_sub(odd.wrapping_mul(x)));
        round += 1;
    }
    x & NO_MASK
}

impl CustomerId {
    #[must_use]
    pub fn new(tenant: TenantKey, observation: ObservationNo) -> Self {
        let mixed = (observation.0.cast_unsigned() as u128).wrapping_mul(MIX) & NO_MASK;
        let tenant = tenant.0.cast_unsigned() as u128 & 0xFFFF_FFFF_FFFF;
        Self(tenant << 80 | 0x8 << 76 | 0b10 << 62 | mixed)
    }

    /// The observation that the id was given to, or `None` when the id is of another tenant.
    #[must_use]
    pub fn observation(self, tenant: TenantKey) -> Option<ObservationNo> {
        let no = (self.0 & NO_MASK).wrapping_mul(UNMIX) & NO_MASK;
        let no = ObservationNo(i64::try_from(no).ok()?);
        (Self::new(tenant, no) == self).then_some(no)
    }

    /// `None` when the text is no hyphenated UUID.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let hyphens_stand = [8, 13, 18, 23].iter().all(|&at| bytes.get(at) == Some(&b'-'));
        let hex = text.replace('-', "");
        let well_formed = bytes.len() == 36 && hyphens_stand && hex.len() == 32;
        let digits = hex.bytes().all(|c| c.is_ascii_hexdigit());
        if !(well_formed && digits) {
            return None;
        }
        u128::from_str_radix(&hex, 16).ok().map(Self)
    }
}

impl std::fmt::Display for CustomerId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let h = format!("{:032x}", self.0);
        write!(f, "{}-{}-{}-{}-{}", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_leads_back_to_its_observation_in_its_own_tenant_only() {
        let (ours, theirs) = (TenantKey(0xABCD_EF01_2345), TenantKey(7));
        for no in [1, 2, 3, 1_000_000, i64::MAX >> 2] {
            let id = CustomerId::new(ours, ObservationNo(no));
            let text = id.to_string();
            assert_eq!(CustomerId::parse(&text), Some(id));
            assert_eq!(id.observation(ours), Some(ObservationNo(no)));
            assert_eq!(id.observation(theirs), None);
            assert_eq!(text.as_bytes()[14], b'8', "version 8: {text}");
        }
    }

    #[test]
    fn what_is_no_uuid_is_no_id() {
        for text in ["", "x", "00000000-0000-0000-0000-00000000000", "0000000000000000-0000-0000-00000000000"]
        {
            assert_eq!(CustomerId::parse(text), None, "{text}");
        }
    }
}
