//! The kernels against naive oracles on random small worlds, worked examples and laws.

mod after;
mod attribution;
mod commerce;
mod cost;
mod counted;
mod examples;
mod laws;
mod lifecycle;
mod lifetime;
mod margin;
mod naive;
mod objects;
mod one_tale;
mod people;
mod plain;
mod recorded;
mod repurchase;
mod retention;
mod rich;
mod scalar;
mod score;
mod shapes;
mod spoken;
mod survey;
mod then;
mod world;
