//! How a decision is carried out, inside its transaction.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::identity::batch::Stored;
use crate::identity::constraints::{ConstraintNo, Constraints, Decision, Refusal, Sharing, link_position};
use crate::identity::merges::{Found, Merge};
use crate::identity::resolve::IdentifierNo;
use crate::identity::{OnConflict, Rules};
use crate::model::{Identifier, ObservationNo, TenantKey};
use crate::store::StoreError;
use crate::store::decisions::constraints::{self, Retracted, StoredConstraint};
use crate::store::decisions::decision::{Mandate, Party, Proposal};
use crate::store::decisions::merges;
use crate::store::driver::{Column, Scalar, Transaction};
use crate::store::write::identities::{self, Evidence, Ground, News};
use crate::store::write::revision::Taken;
use crate::store::write::settled;
use crate::store::write::voiding as void;

const FIND_IDENTIFIERS: &str = "WITH v(kind, value) AS ({rows}) \
    SELECT d.identifier, d.kind, d.value FROM v CROSS JOIN identifier d \
    WHERE d.tenant = $1 AND d.kind = v.kind AND d.value = v.value";
const INSERT_IDENTIFIERS: &str = "WITH v(identifier, kind, value) AS ({rows}) \
    INSERT INTO identifier (tenant, identifier, kind, value, holder, first_in, latest_in, claims) \
    SELECT $1, v.identifier, v.kind, v.value, NULL, 0, 0, '' FROM v";
const HELD_BY: &str = "WITH v(customer) AS ({rows}) SELECT d.identifier FROM v CROSS JOIN identifier d \
    WHERE d.tenant = $1 AND d.holder = v.customer";
const CUSTOMER_OF: &str = "SELECT customer FROM observation WHERE tenant = $1 AND observation = $2";
const SET_SHARING: &str = "WITH v(identifier, sharing) AS ({rows}) UPDATE identifier SET sharing = v.sharing FROM v \
    WHERE identifier.tenant = $1 AND identifier.identifier = v.identifier";

/// A decision under way.
pub(in crate::store) struct Deciding<'a> {
    pub(in crate::store) tx: Transaction,
    pub(in crate::store) tenant: TenantKey,
    pub(in crate::store) rules: &'a Rules,
    pub(in crate::store) constraints: &'a Constraints,
    pub(in crate::store) taken: Taken,
    pub(in crate::store) mandate: &'a Mandate,
}

/// The decision made or retracted, and whether that was so before.
pub(in crate::store) type Carried = Option<(ConstraintNo, bool)>;

impl Deciding<'_> {
    pub(in crate::store) async fn carry_out(&mut self, proposal: &Proposal) -> Result<Carried, StoreError> {
        match proposal {
            Proposal::Link(parties) => self.link(parties).await,
            Proposal::Unlink(left, right) => self.unlink(left, right).await,
            Proposal::Share(identifier, sharing) => self.share(identifier, *sharing).await,
            Proposal::Retract(no) => {
                let Some(found) = constraints::find(&mut self.tx, self.tenant, *no).await? else {
                    return Ok(None);
                };
                self.retract(&found).await
            }
            Proposal::Unmerge(observation, absorbed) => self.unmerge(*observation, *absorbed).await,
        }
    }

    async fn link(&mut self, parties: &[Party]) -> Result<Carried, StoreError> {
        let mut members = Vec::new();
        for party in parties {
            let Some(numbers) = self.numbers(party).await? else { return Ok(None) };
            members.extend(numbers);
        }
        // In the order of an observation's identifiers.
        let names = constraints::names(&mut self.tx, self.tenant, members).await?;
        let mut names: Vec<(Identifier, IdentifierNo)> =
            names.into_iter().map(|(no, identifier)| (identifier, no)).collect();
        names.sort_unstable();
        let members: Vec<IdentifierNo> = names.iter().map(|(_, no)| *no).collect();
        let no = ConstraintNo(self.taken.next_constraint);
        let observation = ObservationNo(self.taken.next_observation);
        let decision = Decision::MustLink(members.clone());
        let constraints = self.check(no, &decision)?;
        let known = self.load(&members).await?;
        self.refuse_kept_apart(&members, &known).await?;
        let mut again = FxHashSet::default();
        for (member, stored) in &known {
            again.extend(self.labels(*member, stored).await?);
        }
        self.refuse_size(&again).await?;
        let mut made = self.made(no, decision);
        made.observation = Some(observation);
        constraints::insert(&mut self.tx, self.tenant, &made).await?;
        self.taken.next_constraint += 1;
        self.taken.next_observation += 1;
        let ground = Ground { rules: self.rules, constraints: constraints.into() };
        self.set_sharing(&members, &ground.constraints).await?;
        let evidence = evidence(no, observation, names);
        let mut customers = FxHashMap::default();
        let (tx, taken) = (&mut self.tx, &mut self.taken);
        let mut absorbed: Vec<ObservationNo> = known.values().filter_map(|stored| stored.holder).collect();
        absorbed.sort_unstable();
        absorbed.dedup();
        let news = News { evidence: vec![evidence], again, linked: absorbed.clone(), ..News::default() };
        identities::settle(tx, self.tenant, &ground, taken, news, &mut customers).await?;
        // Who was one of several until now: the link is what made them one.
        let survivor = customers[&observation];
        absorbed.retain(|name| *name != survivor);
        let merge = |absorbed| Merge { observation, absorbed, survivor };
        let merges: Vec<Merge> = absorbed.into_iter().map(merge).collect();
        settled::log_bridged(&mut self.tx, self.tenant, &self.taken, &merges).await?;
        Ok(Some((no, false)))
    }

    async fn unlink(&mut self, left: &Party, right: &Party) -> Result<Carried, StoreError> {
        let (Some(left), Some(right)) = (self.numbers(left).await?, self.numbers(right).await?) else {
            return Ok(None);
        };
        self.keep_apart(left, right, None).await
    }

    async fn keep_apart(
        &mut self,
        left: Vec<IdentifierNo>,
        right: Vec<IdentifierNo>,
        undoes: Option<(ObservationNo, ObservationNo)>,
    ) -> Result<Carried, StoreError> {
        let no = ConstraintNo(self.taken.next_constraint);
        let decision = Decision::CannotLink(left, right);
        let constraints = self.check(no, &decision)?;
        let members = constraints::members(&decision);
        let again = self.load(&members).await?.values().filter_map(|stored| stored.component).collect();
        let made = StoredConstraint { undoes, ..self.made(no, decision) };
        constraints::insert(&mut self.tx, self.tenant, &made).await?;
        self.taken.next_constraint += 1;
        self.resolve(constraints, again).await?;
        Ok(Some((no, false)))
    }

    async fn share(&mut self, identifier: &Identifier, sharing: Sharing) -> Result<Carried, StoreError> {
        let party = Party::Identifiers(vec![identifier.clone()]);
        let Some(member) = self.numbers(&party).await?.and_then(|numbers| numbers.first().copied()) else {
            return Ok(None);
        };
        let earlier = self.constraints.standing().iter().find_map(|(no, decision)| match decision {
            Decision::Sharing(other, said) if *other == member => Some((*no, *said)),
            _ => None,
        });
        if let Some((no, _)) = earlier.filter(|(_, said)| *said == sharing) {
            return Ok(Some((no, true)));
        }
        if let Some((no, _)) = earlier {
            let retracted = self.retracted();
            constraints::retract(&mut self.tx, self.tenant, no, &retracted).await?;
        }
        let no = ConstraintNo(self.taken.next_constraint);
        let decision = Decision::Sharing(member, sharing);
        let standing = self.constraints.without(earlier.map_or(ConstraintNo(0), |(no, _)| no));
        let constraints = standing.with(no, decision.clone());
        Self::check_all(&constraints, no)?;
        let again = self.turn(&[member], &constraints).await?;
        let made = self.made(no, decision);
        constraints::insert(&mut self.tx, self.tenant, &made).await?;
        self.taken.next_constraint += 1;
        self.resolve(constraints, again).await?;
        Ok(Some((no, false)))
    }

    async fn retract(&mut self, found: &StoredConstraint) -> Result<Carried, StoreError> {
        if found.retracted.is_some() {
            return Ok(Some((found.no, true)));
        }
        let retracted = self.retracted();
        constraints::retract(&mut self.tx, self.tenant, found.no, &retracted).await?;
        let constraints = self.constraints.without(found.no);
        let members = constraints::members(&found.decision);
        match (&found.decision, found.observation) {
            (Decision::MustLink(_), Some(observation)) => {
                let ground = Ground { rules: self.rules, constraints: constraints.into() };
                self.set_sharing(&members, &ground.constraints).await?;
                let bereft = void::find_observation(&mut self.tx, self.tenant, observation).await?;
                void::set_first(&mut self.tx, self.tenant, observation, &bereft.first, false).await?;
                let (tx, taken) = (&mut self.tx, &mut self.taken);
                void::resolve_again(tx, self.tenant, &ground, taken, (&bereft, false), FxHashSet::default())
                    .await?;
            }
            (Decision::Sharing(..), _) => {
                let again = self.turn(&members, &constraints).await?;
                self.resolve(constraints, again).await?;
            }
            _ => {
                let known = self.load(&members).await?;
                let again = known.values().filter_map(|stored| stored.component).collect();
                self.resolve(constraints, again).await?;
            }
        }
        Ok(Some((found.no, false)))
    }

    async fn unmerge(
        &mut self,
        observation: ObservationNo,
        absorbed: ObservationNo,
    ) -> Result<Carried, StoreError> {
        if let Some(link) = constraints::find_link(&mut self.tx, self.tenant, observation).await? {
            return self.retract(&link).await;
        }
        let merge = (observation, absorbed);
        let undoing = constraints::find_undoing(&mut self.tx, self.tenant, merge).await?;
        if let Some(undoing) = undoing.filter(|undoing| undoing.retracted.is_none()) {
            return Ok(Some((undoing.no, true)));
        }
        let Some(Found { absorbed_held, others_held, unmoved, .. }) =
            merges::sides(&mut self.tx, self.tenant, self.rules, self.constraints, merge).await?
        else {
            return Err(Refusal::MergeGone.into());
        };
        let known = self.load(&[absorbed_held.as_slice(), &others_held].concat()).await?;
        let kind = |no: &IdentifierNo| known.get(no).map(|stored| &self.rules.kinds[stored.kind]);
        let stays = |no: &IdentifierNo| kind(no).is_some_and(|rule| rule.on_conflict == OnConflict::Demote);
        // What moved is told by time whose it is: to keep it apart would rewrite what was before.
        let staying = |side: Vec<IdentifierNo>| {
            let named = side.iter().copied().filter(|no| unmoved.contains(no) || stays(no));
            let named: Vec<IdentifierNo> = named.collect();
            if side.iter().any(stays) { named } else { side }
        };
        self.keep_apart(staying(absorbed_held), staying(others_held), Some(merge)).await
    }

    fn made(&self, no: ConstraintNo, decision: Decision) -> StoredConstraint {
        StoredConstraint {
            no,
            decision,
            author: self.mandate.author.clone(),
            reason: self.mandate.reason.clone(),
            principal: self.mandate.principal.clone(),
            since: self.taken.revision,
            retracted: None,
            observation: None,
            undoes: None,
        }
    }

    fn retracted(&self) -> Retracted {
        let Mandate { author, reason, principal, .. } = self.mandate.clone();
        Retracted { at: self.taken.revision, author, reason, principal }
    }

    /// The decisions with a new one, if they can all stand.
    fn check(&self, no: ConstraintNo, decision: &Decision) -> Result<Constraints, StoreError> {
        let constraints = self.constraints.with(no, decision.clone());
        Self::check_all(&constraints, no)?;
        Ok(constraints)
    }

    fn check_all(constraints: &Constraints, new: ConstraintNo) -> Result<(), StoreError> {
        constraints.check().map_err(|refusal| match refusal {
            // What is new keeps apart, or is shared: then what stood is the reason.
            Refusal::KeptApart(no) | Refusal::DecidedShared(no) if no == new => {
                constraints.link_touching(no).map_or(refusal, Refusal::KeptTogether).into()
            }
            refusal => StoreError::from(refusal),
        })
    }

    /// Numbers of a party's identifiers, known or new; `None` if there is no such customer, or it
    /// holds nothing.
    async fn numbers(&mut self, party: &Party) -> Result<Option<Vec<IdentifierNo>>, StoreError> {
        let scalars = [Scalar::Int(self.tenant.0)];
        let identifiers = match party {
            Party::Customer(observation) => {
                let key = [scalars[0], Scalar::Int(observation.0)];
                let Some(row) = self.tx.fetch_one(CUSTOMER_OF, &key).await? else { return Ok(None) };
                let rows = self.tx.fetch_bulk(HELD_BY, &scalars, &[Column::Int(vec![row.get(0)?])]).await?;
                let held =
                    rows.iter().map(|row| row.get(0).map(IdentifierNo)).collect::<Result<Vec<_>, _>>()?;
                return Ok(Some(held).filter(|held| !held.is_empty()));
            }
            Party::Identifiers(identifiers) => identifiers,
        };
        let columns = [
            Column::Text(identifiers.iter().map(|d| d.kind.as_str()).collect()),
            Column::Text(identifiers.iter().map(|d| d.value.as_str()).collect()),
        ];
        let mut found: FxHashMap<(String, String), i64> = FxHashMap::default();
        for row in self.tx.fetch_bulk(FIND_IDENTIFIERS, &scalars, &columns).await? {
            found.insert((row.get(1)?, row.get(2)?), row.get(0)?);
        }
        let mut numbers = Vec::with_capacity(identifiers.len());
        let mut new = Vec::new();
        for identifier in identifiers {
            let key = (identifier.kind.as_str().to_owned(), identifier.value.clone());
            let number = *found.entry(key).or_insert_with(|| {
                self.taken.next_identifier += 1;
                new.push((self.taken.next_identifier - 1, identifier));
                self.taken.next_identifier - 1
            });
            numbers.push(IdentifierNo(number));
        }
        let columns = [
            Column::Int(new.iter().map(|(no, _)| *no).collect()),
            Column::Text(new.iter().map(|(_, d)| d.kind.as_str()).collect()),
            Column::Text(new.iter().map(|(_, d)| d.value.as_str()).collect()),
        ];
        self.tx.run_bulk(INSERT_IDENTIFIERS, &scalars, &columns).await?;
        Ok(Some(numbers))
    }

    async fn load(
        &mut self,
        members: &[IdentifierNo],
    ) -> Result<FxHashMap<IdentifierNo, Stored>, StoreError> {
        let columns = [Column::Int(members.iter().map(|no| no.0).collect())];
        let scalars = [Scalar::Int(self.tenant.0)];
        let mut known = FxHashMap::default();
        for row in self.tx.fetch_bulk(identities::LOAD_IDENTIFIERS, &scalars, &columns).await? {
            let (no, stored) = identities::read_identifier(&row, self.rules)?;
            known.insert(no, stored);
        }
        Ok(known)
    }

    /// Labels of the components that an identifier connects, or would if it were not shared.
    async fn labels(
        &mut self,
        no: IdentifierNo,
        stored: &Stored,
    ) -> Result<FxHashSet<ObservationNo>, StoreError> {
        if !stored.is_shared(self.rules) {
            return Ok(stored.component.into_iter().collect());
        }
        void::sighted_components(&mut self.tx, self.tenant, no).await
    }

    /// Writes what is decided of the sharing of identifiers, and returns the labels of the
    /// components that are to be resolved again for it.
    async fn turn(
        &mut self,
        members: &[IdentifierNo],
        constraints: &Constraints,
    ) -> Result<FxHashSet<ObservationNo>, StoreError> {
        let known = self.load(members).await?;
        let mut again = FxHashSet::default();
        for (no, stored) in &known {
            let now = Stored { sharing: constraints.sharing(*no), ..stored.clone() };
            if now.is_shared(self.rules) != stored.is_shared(self.rules) {
                again.extend(self.labels(*no, stored).await?);
            }
            if !now.is_shared(self.rules) {
                self.refuse_size(&again).await?;
            }
        }
        self.set_sharing(members, constraints).await?;
        Ok(again)
    }

    async fn set_sharing(
        &mut self,
        members: &[IdentifierNo],
        constraints: &Constraints,
    ) -> Result<(), StoreError> {
        let decided: Vec<_> = members.iter().map(|no| (*no, constraints.sharing(*no))).collect();
        write_sharing(&mut self.tx, self.tenant, &decided).await
    }

    /// Refuses to make one of customers that a decision keeps apart.
    async fn refuse_kept_apart(
        &mut self,
        members: &[IdentifierNo],
        known: &FxHashMap<IdentifierNo, Stored>,
    ) -> Result<(), StoreError> {
        let mut holders: Vec<i64> =
            known.values().filter_map(|stored| stored.holder).map(|no| no.0).collect();
        holders.sort_unstable();
        holders.dedup();
        let mut all: FxHashSet<IdentifierNo> = members.iter().copied().collect();
        let scalars = [Scalar::Int(self.tenant.0)];
        for row in self.tx.fetch_bulk(HELD_BY, &scalars, &[Column::Int(holders)]).await? {
            all.insert(IdentifierNo(row.get(0)?));
        }
        match self.constraints.broken(all.into_iter()).first() {
            Some(no) => Err(Refusal::KeptApart(*no).into()),
            None => Ok(()),
        }
    }

    /// Refuses to connect more than a component may have.
    async fn refuse_size(&mut self, labels: &FxHashSet<ObservationNo>) -> Result<(), StoreError> {
        let limit = self.rules.component_limit;
        let sizes = identities::count_components(&mut self.tx, self.tenant, labels).await?;
        if labels.len() > 1 && sizes >= i64::from(limit) {
            return Err(Refusal::ComponentLimit { limit }.into());
        }
        Ok(())
    }

    async fn resolve(
        &mut self,
        constraints: Constraints,
        again: FxHashSet<ObservationNo>,
    ) -> Result<(), StoreError> {
        let ground = Ground { rules: self.rules, constraints: constraints.into() };
        let (tx, taken) = (&mut self.tx, &mut self.taken);
        let mut customers = FxHashMap::default();
        let news = News { again, ..News::default() };
        identities::settle(tx, self.tenant, &ground, taken, news, &mut customers).await.map(drop)
    }
}

/// Writes what is decided of the sharing of identifiers.
pub(in crate::store) async fn write_sharing(
    tx: &mut Transaction,
    tenant: TenantKey,
    decided: &[(IdentifierNo, Option<Sharing>)],
) -> Result<(), StoreError> {
    let sharing = |said: Option<Sharing>| said.map(|said| i64::from(said == Sharing::Shared));
    let columns = [
        Column::Int(decided.iter().map(|(no, _)| no.0).collect()),
        Column::IntOrNull(decided.iter().map(|(_, said)| sharing(*said)).collect()),
    ];
    tx.run_bulk(SET_SHARING, &[Scalar::Int(tenant.0)], &columns).await
}

/// A must-link, as the observation that nobody made.
fn evidence(
    no: ConstraintNo,
    observation: ObservationNo,
    names: Vec<(Identifier, IdentifierNo)>,
) -> Evidence {
    // No set of identifiers hashes to a number and zeros.
    let mut set = [0; 16];
    set[..8].copy_from_slice(&no.0.to_be_bytes());
    Evidence {
        no: observation,
        is_new: true,
        was: None,
        set,
        position: link_position(no),
        identifiers: names.into_iter().map(|(identifier, _)| identifier).collect(),
        severed: String::new(),
        releases: false,
        version: 0,
    }
}
