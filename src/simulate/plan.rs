//! What happens when: each person's two years, drawn from their household's stream.

use super::chance::{Chance, mix};
use super::{MAX_PEOPLE, SPAN_S, Settings};

const DAY_S: u32 = 86_400;
const MINUTE_S: u32 = 60;

/// What a beat becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum What {
    AdClick,
    Visit,
    ProductView,
    Cart,
    Order,
    Confirmation,
    Delivery,
    Return,
    MailSent,
    MailOpened,
    MailClicked,
    Conversation,
    ContactOpened,
    ContactReply,
    ContactResolved,
    Nps,
    Csat,
    Ces,
    Like,
    Registration,
    Login,
    Enrolment,
    Trial,
    OfferShown,
    ContactReopened,
}

impl What {
    pub fn is_link(self) -> bool {
        matches!(self, Self::Confirmation | Self::Registration | Self::Login | Self::Enrolment)
    }
}

/// By which names the person is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Who {
    Nobody,
    Cookie,
    CookieAccount,
    CookieAccountEmail,
    CookieEmail,
    Device,
    DeviceAccount,
    Account,
    Email,
    Card,
    CardEmail,
    Phone,
    Handle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Where {
    Store,
    Web,
    App,
    Marketplace,
    CallCentre,
    Email,
    Social,
    Advertising,
}

/// A planned touchpoint, in the order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Beat {
    /// Seconds since the start.
    pub at: u32,
    pub person: u32,
    /// The person's how-manieth beat.
    pub n: u16,
    /// The beat this one follows from: the order of a return, the opening of a case.
    pub link: u16,
    pub what: What,
    pub who: Who,
    pub channel: Where,
    /// Cookies: 0 is the household's shared tablet, else the person's own. Scores: the score.
    pub detail: u8,
}

/// All beats in the order of time.
pub fn beats(settings: Settings) -> Vec<Beat> {
    let people = settings.people.min(MAX_PEOPLE);
    let guess = people as usize * settings.touchpoints_per_person as usize;
    let mut beats = Vec::with_capacity(guess + guess / 8);
    let mut first = 0;
    let mut household = 0;
    while first < people {
        let mut chance = Chance::new(settings.seed, household);
        let size = [1, 2, 3, 4][chance.pick(&[50, 30, 12, 8])].min(people - first);
        let shares = size > 1 && chance.percent(40);
        for member in 0..size {
            let pace = settings.touchpoints_per_person.clamp(1, 100);
            let mut life = Life::new(&mut chance, &mut beats, first + member, member, shares, pace);
            let from = life.beats.len();
            life.live();
            life.beside(settings.seed, from);
        }
        first += size;
        household += 1;
    }
    beats.sort_unstable();
    beats
}

/// The head of the household of a person who is its how-manieth member: shared cookies are
/// the head's, so a beat of one carries the member's place.
pub fn household_head(person: u32, member: u8) -> u32 {
    person - u32::from(member)
}

/// The field by which [`Life::beside`] looks up what happens.
pub const BESIDE: u32 = 1_000;

/// The offer that was shown before an order, if any, and whether the order took it.
pub fn offer_of(x: u64) -> Option<(u64, bool)> {
    (x >> 8).is_multiple_of(6).then_some((x >> 16 & 7, (x >> 24) % 100 < 35))
}

/// Slots of cookies: the household's tablet is 0 to 3 (the member's place), own cookies from 4.
pub const OWN_COOKIE: u8 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Habit {
    /// Browses, never says who they are; at most a guest order.
    Browser,
    /// Buys in the store by loyalty card.
    Regular,
    /// Buys online with an account.
    Online,
    /// Uses every channel.
    Omni,
}

/// A person while their two years are drawn.
struct Life<'a> {
    chance: &'a mut Chance,
    beats: &'a mut Vec<Beat>,
    person: u32,
    habit: Habit,
    n: u16,
    /// The household's tablet, if it has one.
    tablet: Option<u8>,
    cookie: u8,
    registered: bool,
    enrolled: bool,
    has_app: bool,
    /// Days between stories, and days of interest.
    gap_s: u32,
    lifetime_s: u32,
    /// How good the last experiences were: moves scores.
    mood: i32,
}

impl<'a> Life<'a> {
    fn new(
        chance: &'a mut Chance,
        beats: &'a mut Vec<Beat>,
        person: u32,
        member: u32,
        shares: bool,
        pace: u32,
    ) -> Self {
        let habits = [Habit::Browser, Habit::Regular, Habit::Online, Habit::Omni];
        let habit = habits[chance.pick(&[62, 20, 12, 6])];
        let (gap_days, lifetime_days) = match habit {
            Habit::Browser => (30, 50),
            Habit::Regular => (45, 500),
            Habit::Online => (30, 350),
            Habit::Omni => (20, 600),
        };
        let lifetime_s = chance.exponential(lifetime_days * DAY_S);
        let tablet = (shares && chance.percent(60)).then_some(member.min(3) as u8);
        Self {
            chance,
            beats,
            person,
            habit,
            n: 0,
            tablet,
            cookie: OWN_COOKIE,
            registered: false,
            enrolled: false,
            has_app: false,
            gap_s: gap_days * DAY_S / pace * 10,
            lifetime_s,
            mood: 0,
        }
    }

    fn live(&mut self) {
        let mut at = self.chance.below(SPAN_S);
        let end = at.saturating_add(self.lifetime_s).min(SPAN_S);
        // A person's beats are numbered in 16 bits, and a story has at most 40.
        while at < end.max(1) && self.n < u16::MAX - 40 {
            let opening = self.daytime(at);
            self.story(opening);
            at = at.saturating_add(self.chance.exponential(self.gap_s)).saturating_add(self.gap_s / 20 + 1);
        }
    }

    /// What happens beside the stories: it is looked up and not drawn, so that the stories stay as
    /// they are. Things are tried in the store and offers shown before an order, and some cases are
    /// opened again. `from` is the first of the person's beats.
    fn beside(&mut self, seed: u64, from: usize) {
        for nth in from..self.beats.len() {
            if self.n > u16::MAX - 4 {
                return;
            }
            let beat = self.beats[nth];
            let x = mix(seed, self.person, beat.n.into(), BESIDE);
            let (who, channel) = (beat.who, beat.channel);
            match beat.what {
                What::Order => {
                    if channel == Where::Store && x % 100 < 30 {
                        self.follow(beat.n, beat.at.saturating_sub(9 * MINUTE_S), What::Trial, who, channel);
                    }
                    if offer_of(x).is_some() {
                        let shown = beat.at.saturating_sub(4 * MINUTE_S);
                        self.follow(beat.n, shown, What::OfferShown, who, channel);
                    }
                }
                What::ContactResolved if x % 100 < 12 => {
                    let again = beat.at.saturating_add(DAY_S + (x >> 32) as u32 % (6 * DAY_S));
                    self.follow(beat.link, again, What::ContactReopened, who, channel);
                }
                _ => {}
            }
        }
    }

    /// The same day, at an hour when people are awake.
    fn daytime(&mut self, at: u32) -> u32 {
        at / DAY_S * DAY_S + 8 * 3_600 + self.chance.below(7 * 3_600) + self.chance.below(7 * 3_600)
    }

    fn story(&mut self, at: u32) {
        match self.habit {
            Habit::Browser => self.browse_anonymously(at),
            Habit::Regular => self.shop_in_store(at),
            Habit::Online => match self.chance.pick(&[65, 25, 10]) {
                0 => self.shop_online(at),
                1 => self.read_mail(at),
                _ => self.buy_on_marketplace(at),
            },
            Habit::Omni => match self.chance.pick(&[32, 20, 28, 12, 4, 4]) {
                0 => self.shop_online(at),
                1 => self.use_app(at),
                2 => {
                    self.research_first(at);
                    self.shop_in_store(at);
                }
                3 => self.read_mail(at),
                4 => self.buy_on_marketplace(at),
                _ => _ = self.beat(at, What::Like, Who::Handle, Where::Social, 0),
            },
        }
    }

    fn browse_anonymously(&mut self, at: u32) {
        if self.chance.percent(20) {
            self.beat(at - MINUTE_S, What::AdClick, Who::Cookie, Where::Advertising, self.cookie);
        }
        self.visit(at, Where::Web, Who::Cookie, self.cookie);
        if self.chance.percent(12) {
            self.beat(at + 9 * MINUTE_S, What::Cart, Who::Cookie, Where::Web, self.cookie);
            if self.chance.percent(35) {
                let order = self.beat(at + 12 * MINUTE_S, What::Order, Who::Email, Where::Web, 0);
                self.follow(order, at + 12 * MINUTE_S + 5, What::Confirmation, Who::CookieEmail, Where::Web);
                self.after_order(order, at, Who::Email);
            }
        }
    }

    fn shop_online(&mut self, at: u32) {
        // The tablet in the living room, or a cookie of one's own, which is lost now and then.
        let cookie = match self.tablet {
            Some(tablet) if self.chance.percent(30) => tablet,
            _ => {
                self.cookie += u8::from(self.registered && self.chance.percent(4) && self.cookie < 12);
                self.cookie
            }
        };
        self.visit(at, Where::Web, Who::Cookie, cookie);
        let buys = self.chance.percent(40);
        if buys && !self.registered {
            self.registered = true;
            self.beat(at + 6 * MINUTE_S, What::Registration, Who::CookieAccountEmail, Where::Web, cookie);
        } else if self.registered && (buys || self.chance.percent(15)) {
            self.beat(at + 6 * MINUTE_S, What::Login, Who::CookieAccount, Where::Web, cookie);
        }
        if buys {
            self.beat(at + 9 * MINUTE_S, What::Cart, Who::Cookie, Where::Web, cookie);
            let order = self.beat(at + 12 * MINUTE_S, What::Order, Who::Account, Where::Web, 0);
            self.after_order(order, at, Who::Account);
        } else if self.chance.percent(15) {
            self.beat(at + 9 * MINUTE_S, What::Cart, Who::Cookie, Where::Web, cookie);
        }
    }

    fn use_app(&mut self, at: u32) {
        self.visit(at, Where::App, Who::Device, 0);
        if self.registered && (!self.has_app || self.chance.percent(10)) {
            self.has_app = true;
            self.beat(at + 2 * MINUTE_S, What::Login, Who::DeviceAccount, Where::App, 0);
        }
        if self.registered && self.chance.percent(30) {
            let order = self.beat(at + 10 * MINUTE_S, What::Order, Who::Account, Where::App, 0);
            self.after_order(order, at, Who::Account);
        }
    }

    /// Some look at the product online before they go to the store.
    fn research_first(&mut self, at: u32) {
        if self.chance.percent(45) {
            let before = DAY_S * (1 + self.chance.below(4)) + self.chance.below(3 * 3_600);
            if let Some(at) = at.checked_sub(before) {
                self.visit(at, Where::Web, Who::Cookie, self.cookie);
            }
        }
    }

    fn shop_in_store(&mut self, at: u32) {
        if !self.enrolled && self.chance.percent(70) {
            self.enrolled = true;
            let who = if self.habit == Habit::Omni { Who::CardEmail } else { Who::Card };
            self.beat(at - 5 * MINUTE_S, What::Enrolment, who, Where::Store, 0);
        }
        let who = if self.enrolled && self.chance.percent(85) { Who::Card } else { Who::Nobody };
        if self.chance.percent(20) {
            self.beat(at - 3 * MINUTE_S, What::Conversation, who, Where::Store, 0);
        }
        let order = self.beat(at, What::Order, who, Where::Store, 0);
        self.mood += 1;
        if self.chance.percent(8) {
            let later = at + DAY_S * (1 + self.chance.below(14));
            self.follow(order, later, What::Return, who, Where::Store);
        }
        if who == Who::Card && self.chance.percent(4) {
            self.survey(at + 3_600, What::Nps, who, Where::Store);
        }
    }

    fn buy_on_marketplace(&mut self, at: u32) {
        let order = self.beat(at, What::Order, Who::Email, Where::Marketplace, 0);
        self.after_order(order, at, Who::Email);
    }

    fn read_mail(&mut self, at: u32) {
        let mail = self.beat(at, What::MailSent, Who::Email, Where::Email, 0);
        if self.chance.percent(45) {
            self.follow(mail, at + 30 * MINUTE_S, What::MailOpened, Who::Email, Where::Email);
            if self.chance.percent(25) {
                self.follow(mail, at + 31 * MINUTE_S, What::MailClicked, Who::Email, Where::Email);
                self.visit(at + 31 * MINUTE_S + 2, Where::Web, Who::Cookie, self.cookie);
            }
        }
    }

    /// Delivery, and what can go wrong after it.
    fn after_order(&mut self, order: u16, at: u32, who: Who) {
        let days = 1 + self.chance.below(6);
        let delivered = at + days * DAY_S;
        self.follow(order, delivered, What::Delivery, who, Where::Web);
        self.mood += if days > 4 { -1 } else { 1 };
        if self.chance.percent(6 + 3 * days) {
            self.service_case(delivered + 2 * 3_600);
        }
        if self.chance.percent(14) {
            // An omnichannel customer brings it back to the store.
            let to_store = self.habit == Habit::Omni && self.enrolled && self.chance.percent(50);
            let (who, channel) = if to_store { (Who::Card, Where::Store) } else { (who, Where::Web) };
            let back = delivered + DAY_S * (1 + self.chance.below(20));
            self.follow(order, back, What::Return, who, channel);
        }
        if self.chance.percent(14) {
            self.survey(delivered + DAY_S, What::Nps, Who::Email, Where::Email);
        }
    }

    fn service_case(&mut self, at: u32) {
        let calls = self.habit == Habit::Omni || self.chance.percent(40);
        let (who, channel) = if calls { (Who::Phone, Where::CallCentre) } else { (Who::Email, Where::Email) };
        self.mood -= 2;
        let case = self.beat(at, What::ContactOpened, who, channel, 0);
        let reply = at + if calls { 3 * MINUTE_S } else { self.chance.exponential(8 * 3_600) + 600 };
        self.follow(case, reply, What::ContactReply, who, channel);
        let resolved = reply + self.chance.exponential(DAY_S) + 300;
        self.follow(case, resolved, What::ContactResolved, who, channel);
        if self.chance.percent(35) {
            self.survey(resolved + 600, What::Csat, who, channel);
        }
        if self.chance.percent(15) {
            self.survey(resolved + 700, What::Ces, who, channel);
        }
    }

    fn survey(&mut self, at: u32, what: What, who: Who, channel: Where) {
        let mood = self.mood.clamp(-4, 4);
        let noise = self.chance.below(4).cast_signed() - self.chance.below(4).cast_signed();
        let score = match what {
            What::Csat => (4 + mood / 2 + noise / 2).clamp(1, 5),
            What::Ces => (5 + mood / 2 + noise / 2).clamp(1, 7),
            _ => (8 + mood + noise / 2).clamp(0, 10),
        };
        self.beat(at, what, who, channel, u8::try_from(score).unwrap_or(0));
    }

    fn visit(&mut self, at: u32, channel: Where, who: Who, detail: u8) {
        let visit = self.beat(at, What::Visit, who, channel, detail);
        for view in 0..self.chance.below(3) {
            let at = at + MINUTE_S + view * 2 * MINUTE_S;
            let beat = self.follow(visit, at, What::ProductView, who, channel);
            self.set_detail(beat, detail);
        }
    }

    /// A beat that follows from another.
    fn follow(&mut self, link: u16, at: u32, what: What, who: Who, channel: Where) -> u16 {
        let n = self.beat(at, what, who, channel, if cookies(who) { self.cookie } else { 0 });
        if let Some(beat) = self.beats.last_mut().filter(|beat| beat.n == n && beat.person == self.person) {
            beat.link = link;
        }
        n
    }

    fn set_detail(&mut self, n: u16, detail: u8) {
        if let Some(beat) = self.beats.last_mut().filter(|beat| beat.n == n && beat.person == self.person) {
            beat.detail = detail;
        }
    }

    /// What would happen after the two years does not happen, but takes its number.
    fn beat(&mut self, at: u32, what: What, who: Who, channel: Where, detail: u8) -> u16 {
        let n = self.n;
        self.n += 1;
        if at < SPAN_S {
            self.beats.push(Beat { at, person: self.person, n, link: n, what, who, channel, detail });
        }
        n
    }
}

fn cookies(who: Who) -> bool {
    matches!(who, Who::Cookie | Who::CookieAccount | Who::CookieAccountEmail | Who::CookieEmail)
}
