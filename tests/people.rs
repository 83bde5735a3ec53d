//! How many people is it? Records with several addresses, claims that fall, placeholders that are
//! blocked too late, links of what was never seen: on both databases.

mod worlds;

use std::collections::BTreeSet;

use customer360::identity::Rules;
use customer360::identity::feed::Event;
use customer360::model::{ObservationNo, Revision, Touchpoint};
use customer360::store::{
    Decided, Mandate, Party, Promotion, Proposal, Request, Store, StoreError, Tenant, Whom, Why,
};
use worlds::{databases, identifier, incoming, tenant_under, touch};

async fn record(store: &Store, tenant: &Tenant, touches: &[Touchpoint]) {
    for t in touches {
        store.record(tenant.key, vec![incoming(t)]).await.unwrap();
    }
}

async fn decide(
    store: &Store,
    tenant: &Tenant,
    proposal: &Proposal,
    id: &str,
) -> Result<Option<Decided>, StoreError> {
    let request = Request { id: id.into(), payload_hash: [0; 16] };
    let mandate =
        Mandate { author: "ada".into(), reason: "test".into(), principal: None, request, dry_run: false };
    store.decide(tenant.key, proposal, &mandate).await
}

/// The customer of each touch.
async fn customers(store: &Store, tenant: &Tenant, touches: &[Touchpoint]) -> Vec<i64> {
    let mut customers = Vec::new();
    for t in touches {
        let (_, found) = store.touchpoint(tenant.key, &t.key).await.unwrap();
        customers.push(found.unwrap().customer.unwrap().0);
    }
    customers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_complete_record_of_one_person_is_one_person() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        let tenant = tenant_under(&store, &Rules::default()).await;
        let touches = [
            touch("guest 1", 1, &["EMAIL:1", "COOKIE:a"]),
            touch("guest 2", 2, &["EMAIL:2", "COOKIE:b"]),
            touch("crm", 3, &["CRM_ID:9", "EMAIL:1", "EMAIL:2", "EMAIL:3", "EMAIL:4", "EMAIL:5"]),
            touch("later", 4, &["EMAIL:5"]),
        ];
        record(&store, &tenant, &touches).await;
        assert_eq!(customers(&store, &tenant, &touches).await, [1, 1, 1, 1], "{name}");
    }
}

/// A telephone with four people beside it is shared. That two of them are one makes three, and it links
/// again: each merge has an id, the touch that said so, and an undo.
#[tokio::test(flavor = "multi_thread")]
async fn claims_that_fall_merge_with_an_id_and_an_undo() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        let rules = Rules::default();
        let tenant = tenant_under(&store, &rules).await;
        let touches = [
            touch("1", 1, &["EMAIL:1", "PHONE:p"]),
            touch("2", 2, &["EMAIL:2", "PHONE:p"]),
            touch("3", 3, &["EMAIL:3", "PHONE:p"]),
            touch("4", 4, &["EMAIL:4", "PHONE:p"]),
            touch("5", 5, &["DEVICE:d", "PHONE:p"]),
        ];
        record(&store, &tenant, &touches).await;
        assert_eq!(customers(&store, &tenant, &touches).await, [1, 2, 3, 4, 5], "{name}: shared");
        let both = touch("both", 6, &["EMAIL:1", "EMAIL:2", "PHONE:p"]);
        record(&store, &tenant, std::slice::from_ref(&both)).await;
        assert_eq!(customers(&store, &tenant, &touches).await, [1; 5], "{name}: one again");
        let merges = store.merges(tenant.key, &rules, None, 10).await.unwrap().merges;
        let standing: BTreeSet<i64> =
            merges.iter().filter(|merge| merge.stands).map(|merge| merge.merge.absorbed.0).collect();
        assert_eq!(standing, [2, 3, 4, 5].into(), "{name}");
        let third = merges.iter().find(|merge| merge.merge.absorbed.0 == 3).unwrap();
        assert_eq!(third.evidence.as_ref().unwrap().key, both.key, "{name}: who joined the groups");
        let undo = Proposal::Unmerge(third.merge.observation, third.merge.absorbed);
        let undone = decide(&store, &tenant, &undo, "undo").await.unwrap().unwrap();
        assert_eq!(customers(&store, &tenant, &touches).await, [1, 1, 3, 1, 1], "{name}: undone");
        let again = decide(&store, &tenant, &undo, "again").await.unwrap().unwrap();
        assert!(again.already && again.constraint == undone.constraint, "{name}: undone once");
        // Without the touch that said so, the four are strangers again.
        store.void(tenant.key, &both.key, "wrong").await.unwrap();
        assert_eq!(customers(&store, &tenant, &touches).await, [1, 2, 3, 4, 5], "{name}: voided");
    }
}

/// What does not link where it was seen is told with its reason, as long as it does not.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_out_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        let tenant = tenant_under(&store, &worlds::rules()).await;
        let touches = [
            touch("1", 1, &["EMAIL:mum", "COOKIE:k"]),
            touch("2", 2, &["COOKIE:k", "EMAIL:kid"]),
            touch("3", 3, &["ACCOUNT:1", "EMAIL:work"]),
            touch("4", 4, &["ACCOUNT:1", "ACCOUNT:2"]),
            touch("5", 5, &["CRM_ID:9", "EMAIL:apart"]),
        ];
        record(&store, &tenant, &touches).await;
        let sides =
            [["EMAIL:apart"], ["EMAIL:work"]].map(|side| Party::Identifiers(side.map(identifier).to_vec()));
        let [left, right] = sides;
        decide(&store, &tenant, &Proposal::Unlink(left, right), "apart").await.unwrap().unwrap();
        let bridge = touch("6", 6, &["EMAIL:apart", "EMAIL:work"]);
        record(&store, &tenant, std::slice::from_ref(&bridge)).await;
        let sets = touches.iter().chain([&bridge]).map(|t| t.identifiers.clone()).collect();
        let told = async |sets| {
            let kept_out = store.kept_out(tenant.key, sets).await.unwrap();
            let mut told: Vec<_> =
                kept_out.into_iter().map(|one| (one.set, one.identifier.value, one.why)).collect();
            told.sort_by_key(|(set, ..)| *set);
            told
        };
        let expected = [
            (1, "k".to_owned(), Some(Why::OtherPerson)),
            (3, "2".to_owned(), Some(Why::Limit)),
            (5, "apart".to_owned(), Some(Why::Constraint)),
        ];
        assert_eq!(told(sets).await, expected, "{name}");
        // Without its first user the cookie is the kid's.
        store.void(tenant.key, &touches[0].key, "wrong").await.unwrap();
        assert_eq!(told(vec![touches[1].identifiers.clone()]).await, [], "{name}: no more");
    }
}

/// What was linked and never seen is in the view, with the decision; and a person may link more than
/// evidence may join.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_alone_is_in_the_view_and_may_exceed_limits() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        let tenant = tenant_under(&store, &Rules::default()).await;
        let parties = ["ACCOUNT:old", "ACCOUNT:new", "LOYALTY_CARD:7"].map(identifier).to_vec();
        let link = Proposal::Link(vec![Party::Identifiers(parties)]);
        let made = decide(&store, &tenant, &link, "link").await.unwrap().unwrap().constraint;
        let whom = Whom::Identifier(identifier("LOYALTY_CARD:7"));
        let shown = async || {
            let views = [
                store.view(tenant.key, &tenant.rules, whom.clone()).await.unwrap().1,
                store
                    .views(tenant.key, &tenant.rules, std::slice::from_ref(&whom))
                    .await
                    .unwrap()
                    .1
                    .remove(0),
            ];
            let [one, other] = views.map(|view| view.expect("it is somebody's").identifiers);
            assert_eq!(one, other, "{name}: two roads, one tale");
            one.into_iter().map(|held| (held.value, held.held, held.linked_by)).collect::<Vec<_>>()
        };
        let linked = ["new", "old", "7"].map(|value| (value.to_owned(), true, Some(made)));
        assert_eq!(shown().await, linked, "{name}");
        record(&store, &tenant, &[touch("1", 1, &["ACCOUNT:old", "COOKIE:c"])]).await;
        let mut with_cookie = linked.to_vec();
        with_cookie.push(("c".to_owned(), true, None));
        assert_eq!(shown().await, with_cookie, "{name}: seen as well");
        record(&store, &tenant, &[touch("2", 2, &["ACCOUNT:third", "LOYALTY_CARD:7"])]).await;
        assert_eq!(shown().await, with_cookie, "{name}: evidence joins no third account");
    }
}

/// A placeholder that merged strangers frees them when the rules block it.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_placeholder_merged_falls_apart_when_it_is_blocked() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        let tenant = tenant_under(&store, &Rules::default()).await;
        let touches = [
            touch("1", 1, &["EMAIL:1", "PHONE:placeholder"]),
            touch("2", 2, &["EMAIL:2", "PHONE:placeholder"]),
            touch("3", 3, &["PHONE:placeholder"]),
        ];
        record(&store, &tenant, &touches).await;
        assert_eq!(customers(&store, &tenant, &touches).await, [1, 1, 1], "{name}");
        let promote = async |rules: Rules, from_version, id: &str| {
            let request = Request { id: id.into(), payload_hash: [0; 16] };
            let (author, reason) = ("ada".into(), "test".into());
            store
                .promote(
                    tenant.key,
                    Promotion { rules, from_version, author, reason, principal: None, request },
                )
                .await
                .unwrap()
        };
        let mut blocking = Rules::default();
        blocking.blocked_ignoring_case.push("Placeholder".into());
        let blocked = promote(blocking, 1, "block").await;
        assert_eq!(customers(&store, &tenant, &touches).await, [1, 2, 3], "{name}: strangers");
        assert_eq!(blocked.reassigned, 2, "{name}: counted as it happened");
        promote(Rules::default(), 2, "unblock").await;
        assert_eq!(customers(&store, &tenant, &touches).await, [1, 1, 1], "{name}: as it was");
    }
}

/// One touch, voided: the feed says that its customer is no more, once.
#[tokio::test(flavor = "multi_thread")]
async fn who_ends_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for (name, store) in databases(&folder).await {
        let tenant = tenant_under(&store, &Rules::default()).await;
        let only = touch("only", 1, &["COOKIE:c"]);
        record(&store, &tenant, std::slice::from_ref(&only)).await;
        store.void(tenant.key, &only.key, "wrong").await.unwrap();
        let page = store.identity_events(tenant.key, Revision(1)).await.unwrap();
        let ended = Event::Ended { customer: ObservationNo(1) };
        let told = page.revisions[0].events.iter().filter(|event| **event == ended).count();
        assert_eq!(told, 1, "{name}: {:?}", page.revisions[0].events);
        // It comes again, and is created again.
        record(&store, &tenant, &[touch("again", 2, &["COOKIE:c"])]).await;
        let page = store.identity_events(tenant.key, Revision(2)).await.unwrap();
        let events = &page.revisions[0].events;
        let created = Event::Created { customer: ObservationNo(1), registered: false };
        assert!(events.contains(&created), "{name}: {events:?}");
    }
}
