//! Names of people, places and things that do not exist.

pub const FIRST: [&str; 32] = [
    "Ada", "Ben", "Carla", "Dario", "Elif", "Finn", "Greta", "Hugo", "Ida", "Jonas", "Klara", "Leo", "Mara",
    "Nils", "Olga", "Paul", "Quinn", "Rosa", "Samir", "Tilda", "Umut", "Vera", "Willem", "Xenia", "Yann",
    "Zoe", "Amir", "Britta", "Cem", "Dana", "Emil", "Frida",
];

pub const LAST: [&str; 32] = [
    "Adler", "Bauer", "Celik", "Dietz", "Ebert", "Fuchs", "Graf", "Huber", "Imhof", "Jansen", "Keller",
    "Lang", "Maurer", "Novak", "Otto", "Peters", "Quast", "Roth", "Sommer", "Thoma", "Ulrich", "Vogel",
    "Weber", "Yilmaz", "Zimmer", "Arnold", "Brandt", "Conrad", "Dorn", "Engel", "Falk", "Gerber",
];

pub const CITIES: [&str; 12] = [
    "Berlin",
    "Hamburg",
    "Munich",
    "Cologne",
    "Frankfurt",
    "Stuttgart",
    "Leipzig",
    "Dresden",
    "Bremen",
    "Hanover",
    "Nuremberg",
    "Essen",
];

pub const CATEGORIES: [&str; 8] =
    ["shoes", "jackets", "shirts", "trousers", "bags", "accessories", "sports", "home"];

pub const CAMPAIGNS: [&str; 8] =
    ["spring-24", "summer-24", "autumn-24", "winter-24", "spring-25", "summer-25", "autumn-25", "winter-25"];

pub const REASONS: [&str; 5] = ["delivery late", "wrong size", "damaged", "invoice", "question"];
