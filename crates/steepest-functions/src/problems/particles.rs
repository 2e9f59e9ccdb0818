//! Energies of particles as problems: the kernels are those of [`crate::energies`], the known minima the databases'.

use super::draft::{Body, Draft};
use super::{Collection, Dims, Kind, Parameter, ProblemEntry};
use crate::energies::{Bonded, Cluster, LENNARD_JONES_MINIMA, chain_of_ions, spread};

const fn line(
    name: &'static str,
    title: &'static str,
    dims: Dims,
    source: &'static str,
    build: fn(usize) -> Draft,
) -> ProblemEntry {
    ProblemEntry::new(name, title, dims, build).of(Collection::Energy, Kind::Multimodal, source)
}

const RHO: Parameter = Parameter { name: "rho", default: 6.0, least: 1.0, greatest: 20.0 };
const ATOMS: Dims = Dims::multiple(3, 6, 30_000, 39);

pub(super) const ENTRIES: &[ProblemEntry] = &[
    line(
        "lennard-jones",
        "a cluster of Lennard-Jones atoms, three coordinates each",
        ATOMS,
        "Wales and Doye, 1997, doi:10.1021/jp970984n; Cambridge Cluster Database",
        lennard_jones,
    ),
    line(
        "morse",
        "a cluster of Morse atoms of range rho, three coordinates each",
        ATOMS,
        "Doye and Wales, 1997, doi:10.1039/a706221d; Cambridge Cluster Database",
        |n| morse(n, 6.0),
    )
    .with(RHO, morse),
    line(
        "ion-chain",
        "equal charges on a chain of springs, three coordinates each",
        Dims::multiple(3, 6, 3_000, 30),
        "harmonic bonds and Coulomb's law",
        ion_chain,
    ),
];

fn lennard_jones(n: usize) -> Draft {
    let atoms = n / 3;
    let draft = Draft::new(Body::Kernel(Box::new(Cluster::lennard_jones(atoms))), n).start(spread(atoms, 1.12));
    match LENNARD_JONES_MINIMA.get(atoms - 2) {
        Some(&least) => draft.minimum_value(least),
        None => draft,
    }
}

/// N = 2, 3, 4 touch one another all: −N(N − 1)/2 for every range.
fn morse(n: usize, rho: f64) -> Draft {
    let atoms = n / 3;
    let draft = Draft::new(Body::Kernel(Box::new(Cluster::morse(atoms, rho))), n).start(spread(atoms, 1.0));
    if atoms <= 4 { draft.minimum_value(-((atoms * (atoms - 1) / 2) as f64)) } else { draft }
}

fn ion_chain(n: usize) -> Draft {
    let atoms = n / 3;
    let (bonds, charges) = chain_of_ions(atoms);
    Draft::new(Body::Kernel(Box::new(Bonded::new(atoms, bonds, charges))), n).start(spread(atoms, 1.0))
}
