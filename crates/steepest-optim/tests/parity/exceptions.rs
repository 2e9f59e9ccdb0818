//! Free runs that may leave the reference's by more than ten times the reference's own drift under a start moved by one ulp.
//!
//! What they are held to instead is in `Wander`.

/// `rule/options/problem` by library; without a problem: on all of them. Decoupled decay comes first: PyTorch and Keras round
/// x(1 − ηλ) before they subtract, here x is rounded once, at every step; a reference that contracts does not show it.
const EXCEPTIONS: &[(&str, &[&str])] = &[
    (
        "torch",
        &[
            "AdamW/amsgrad",
            "AdamW/default",
            "RAdam/decoupled",
            "Adadelta/default/rosenbrock",
            "Adam/betas/rosenbrock",
            "RMSprop/l2/net",
            "Rprop/default/net",
        ],
    ),
    ("optax", &["adabelief/eps/rosenbrock"]),
    (
        "keras",
        &[
            "AdamW/default",
            "Lion/decay/net",
            "Lion/decay/quadratic",
            "Lion/decay/rosenbrock",
            "SGD/decoupled/logistic",
            "SGD/decoupled/net",
            "SGD/decoupled/sparse",
            "Ftrl/l1-l2/net",
        ],
    ),
];

/// Whether a run is one of them.
pub fn is_exception(library: &str, case: &str) -> bool {
    let listed = EXCEPTIONS.iter().filter(|e| e.0 == library).flat_map(|e| e.1);
    let (group, _) = case.rsplit_once('/').unwrap();
    listed.into_iter().any(|e| *e == case || *e == group)
}
