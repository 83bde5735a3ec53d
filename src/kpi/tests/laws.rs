//! Retention and the cohort triangle against the definitions in words.
