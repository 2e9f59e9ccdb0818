//! The linear family against independent numbers: central differences, repetition, permutation, brute force and peers.

mod certificates;
mod coordinate;
mod derivatives;
mod dual_newton;
mod inference;
mod invariances;
mod optima;
mod sample;
mod semismooth;
mod solvers;
