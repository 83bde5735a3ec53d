//! Permissions, sets of them, and the roles that are bundles of them.

use serde::{Deserialize, Serialize};

macro_rules! permissions {
    ($( $variant:ident = $name:literal, )*) => {
        /// One thing that may be done, by the name that grants use.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[repr(u8)]
        pub enum Permission { $( #[serde(rename = $name)] $variant, )* }

        impl Permission {
            /// All of them.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )* ];

            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )* }
            }
        }
    };
}

permissions! {
    TouchpointWrite = "touchpoint.write",
    TouchpointVoid = "touchpoint.void",
    TouchpointRead = "touchpoint.read",
    IdentityRead = "identity.read",
    IdentityDecide = "identity.decide",
    RulesRead = "rules.read",
    RulesSimulate = "rules.simulate",
    RulesPromote = "rules.promote",
    CustomerRead = "customer.read",
    CustomerList = "customer.list",
    KpiRead = "kpi.read",
    KpiDrill = "kpi.drill",
    KpiExact = "kpi.exact",
    ScoreRead = "score.read",
    ScoreRun = "score.run",
    RatesRead = "rates.read",
    RatesWrite = "rates.write",
    RecordRead = "record.read",
    RecordWrite = "record.write",
    FeedWatch = "feed.watch",
    MetaRead = "meta.read",
    AdminTenant = "admin.tenant",
    AdminKey = "admin.key",
    AdminGrant = "admin.grant",
    AuditRead = "audit.read",
    PiiIdentifiers = "pii.identifiers",
    PiiTraits = "pii.traits",
    PiiTouchpoints = "pii.touchpoints",
    PrivacyErase = "privacy.erase",
    PrivacyExport = "privacy.export",
    PrivacyRestrict = "privacy.restrict",
    PrivacySuppress = "privacy.suppress",
    PrivacyRead = "privacy.read",
    PrivacyPolicy = "privacy.policy",
}

impl Permission {
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.name() == name)
    }

    /// Whether it is about one person's data in clear or about the law's rights: an owner has it only
    /// when it is granted by name.
    const fn is_personal(self) -> bool {
        matches!(
            self,
            Self::PiiIdentifiers
                | Self::PiiTraits
                | Self::PiiTouchpoints
                | Self::PrivacyErase
                | Self::PrivacyExport
                | Self::PrivacyRestrict
                | Self::PrivacySuppress
                | Self::PrivacyRead
                | Self::PrivacyPolicy
        )
    }
}

/// A set of permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Permissions(u64);

impl Permissions {
    pub const NONE: Self = Self(0);

    #[must_use]
    pub const fn of(list: &[Permission]) -> Self {
        let (mut bits, mut i) = (0, 0);
        while i < list.len() {
            bits |= 1 << list[i] as u8;
            i += 1;
        }
        Self(bits)
    }

    #[must_use]
    pub const fn all() -> Self {
        Self::of(Permission::ALL)
    }

    #[must_use]
    pub const fn has(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u8) != 0
    }

    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether nothing of it is missing in the other.
    #[must_use]
    pub const fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// In the order of [`Permission::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |&one| self.has(one))
    }
}

/// A fixed bundle of permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Owner,
    Admin,
    Dpo,
    Steward,
    Rules,
    Service,
    Analyst,
    Viewer,
    Finance,
    Ingest,
    IngestPublic,
}

use Permission as P;

const VIEWER: Permissions = Permissions::of(&[P::KpiRead, P::RecordRead, P::MetaRead]);
const PII: Permissions = Permissions::of(&[P::PiiIdentifiers, P::PiiTraits, P::PiiTouchpoints]);
const STEWARD: Permissions = Permissions::of(&[
    P::IdentityRead,
    P::IdentityDecide,
    P::CustomerRead,
    P::CustomerList,
    P::TouchpointRead,
    P::RulesRead,
    P::RulesSimulate,
    P::KpiRead,
    P::PiiIdentifiers,
    P::MetaRead,
]);

impl Role {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Owner,
        Self::Admin,
        Self::Dpo,
        Self::Steward,
        Self::Rules,
        Self::Service,
        Self::Analyst,
        Self::Viewer,
        Self::Finance,
        Self::Ingest,
        Self::IngestPublic,
    ];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Dpo => "dpo",
            Self::Steward => "steward",
            Self::Rules => "rules",
            Self::Service => "service",
            Self::Analyst => "analyst",
            Self::Viewer => "viewer",
            Self::Finance => "finance",
            Self::Ingest => "ingest",
            Self::IngestPublic => "ingest_public",
        }
    }

    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.name() == name)
    }

    #[must_use]
    pub fn permissions(self) -> Permissions {
        match self {
            Self::Owner => {
                let all: Vec<_> = P::ALL.iter().copied().filter(|one| !one.is_personal()).collect();
                Permissions::of(&all)
            }
            Self::Admin => {
                Permissions::of(&[P::AdminTenant, P::AdminKey, P::AdminGrant, P::AuditRead, P::MetaRead])
            }
            Self::Dpo => Permissions::of(&[
                P::PrivacyErase,
                P::PrivacyExport,
                P::PrivacyRestrict,
                P::PrivacySuppress,
                P::PrivacyRead,
                P::PrivacyPolicy,
                P::AuditRead,
                P::CustomerRead,
                P::CustomerList,
                P::TouchpointRead,
                P::IdentityRead,
                P::MetaRead,
            ])
            .and(PII),
            Self::Steward => STEWARD,
            Self::Rules => STEWARD.and(Permissions::of(&[P::RulesPromote])),
            Self::Service => Permissions::of(&[
                P::CustomerRead,
                P::TouchpointRead,
                P::IdentityRead,
                P::FeedWatch,
                P::MetaRead,
            ])
            .and(PII),
            Self::Analyst => Permissions::of(&[
                P::KpiRead,
                P::KpiExact,
                P::KpiDrill,
                P::ScoreRead,
                P::RecordRead,
                P::CustomerList,
                P::IdentityRead,
                P::RulesRead,
                P::FeedWatch,
                P::MetaRead,
            ]),
            Self::Viewer => VIEWER,
            Self::Finance => VIEWER.and(Permissions::of(&[P::RatesWrite, P::RecordWrite, P::KpiExact])),
            Self::Ingest => Permissions::of(&[P::TouchpointWrite, P::RecordWrite]),
            Self::IngestPublic => Permissions::of(&[P::TouchpointWrite]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_all_fit_into_a_set() {
        assert!(Permission::ALL.len() <= 64);
        for &one in Permission::ALL {
            assert_eq!(Permission::parse(one.name()), Some(one));
            assert!(Permissions::all().has(one));
            assert!(!Permissions::NONE.has(one));
        }
        for &role in Role::ALL {
            assert_eq!(Role::parse(role.name()), Some(role));
            assert!(role.permissions().is_within(Permissions::all()));
        }
        assert_eq!(Permission::parse("touchpoint.write "), None);
        assert_eq!(Role::parse("owner "), None);
    }

    #[test]
    fn roles_have_what_the_manual_says_and_no_more() {
        let of = |role: Role| role.permissions();
        assert!(of(Role::Owner).has(P::AdminKey) && !of(Role::Owner).has(P::PiiTraits));
        assert!(!of(Role::Owner).has(P::PrivacyErase));
        let no_data = [P::CustomerRead, P::KpiRead, P::TouchpointRead, P::IdentityRead, P::TouchpointWrite];
        assert!(no_data.iter().all(|&one| !of(Role::Admin).has(one)));
        assert!(of(Role::Steward).is_within(of(Role::Rules)) && !of(Role::Steward).has(P::RulesPromote));
        assert!(!of(Role::Viewer).has(P::KpiDrill) && !of(Role::Viewer).has(P::KpiExact));
        assert!(!of(Role::Ingest).has(P::TouchpointRead) && !of(Role::Ingest).has(P::CustomerRead));
        assert!(of(Role::IngestPublic) == Permissions::of(&[P::TouchpointWrite]));
    }
}
