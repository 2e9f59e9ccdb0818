//! Stages: the elementwise pieces that update rules are composed of.
//!
//! An update rule turns the gradient g into an update u in a few steps: add the penalty's gradient, mix into a moment, divide
//! by a root, add the decay. Each step is a [`Stage`]: a function of a block of [`LANES`] numbers. The kernel loads a block
//! of everything once, runs all stages on it in registers, and stores once, so that a composition costs the memory traffic of
//! its state and nothing else. At the end x ← x − η·u.
//!
//! A tuple of stages is a stage, run in order. A stage that needs a sum over more than its own block (a norm) says so by
//! [`Stage::CUT`]: the sums are then taken in a pass before it.

use steepest_core::Real;

/// How many elements a stage sees at once: one AVX-512 register of `f32`.
pub const LANES: usize = 16;

/// A block of elements.
pub type Lanes<T> = [T; LANES];

/// What a block's update may depend on besides itself.
#[derive(Debug, Clone, Copy)]
pub struct At<'a, T> {
    /// The parameters before the step.
    pub x: &'a Lanes<T>,
    /// The gradient as it entered the pass.
    pub g: &'a Lanes<T>,
}

/// Over what a stage needs sums before it can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Over nothing: the stage continues the pass.
    None,
    /// Over all parameters.
    Global,
    /// Over each segment by itself.
    Segment,
}

/// The parameters that share their settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Multiplies the learning rate.
    pub lr_factor: f64,
    /// Multiplies every `weight_decay` and `l2` of the chain: 0 leaves the group alone.
    pub decay_factor: f64,
}

impl Default for Group {
    fn default() -> Group {
        Group { lr_factor: 1.0, decay_factor: 1.0 }
    }
}

/// What a stage is told before each step, for one group (or one segment, if it cuts by segments).
#[derive(Debug, Clone, Copy)]
pub struct StepCx<'a> {
    /// k, the number of completed updates. Bias corrections use t = k + 1.
    pub step: u64,
    /// The learning rate of the group in this step.
    pub lr: f64,
    /// Whether η is already inside the update that reaches this stage, so that what it adds must carry η itself.
    pub lr_applied: bool,
    /// The group's settings.
    pub group: &'a Group,
    /// How many elements the sums run over.
    pub len: usize,
}

/// What a state vector holds, which decides how it may be packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotKind {
    /// Averages of signed values.
    First,
    /// Averages of squares or other values ≥ 0.
    Second,
    /// Values that must stay exact: parameters, sums that grow for ever.
    Exact,
}

/// A state vector of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotSpec {
    /// The name in the saved state, `rule.symbol`.
    pub name: &'static str,
    /// What it holds.
    pub kind: SlotKind,
}

/// A slot of signed averages.
pub const fn first(name: &'static str) -> SlotSpec {
    SlotSpec { name, kind: SlotKind::First }
}

/// A slot of averages of squares.
pub const fn second(name: &'static str) -> SlotSpec {
    SlotSpec { name, kind: SlotKind::Second }
}

/// A slot that must stay exact.
pub const fn exact(name: &'static str) -> SlotSpec {
    SlotSpec { name, kind: SlotKind::Exact }
}

/// What a stage does where the gradient is 0, which decides whether steps by sparse gradients may skip it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Idle {
    /// It hands on what comes, whatever that is.
    Passes,
    /// It gives 0 for 0 and keeps its state: sparse steps are those of dense gradients.
    Rests,
    /// Its averages would fall; in sparse steps they wait until the element is touched again, as in PyTorch's `SparseAdam`.
    Waits,
    /// A velocity falls by the factor `keep` a step and moves x by `moves` times itself: made up for in closed form.
    Glides {
        /// The velocity, among the slots.
        slot: usize,
        /// μ.
        keep: f64,
        /// The weight of the velocity in the update.
        moves: f64,
    },
    /// It must see every step, for this reason.
    Works(&'static str),
}

impl Idle {
    /// Of this and what follows it, whose slots are counted from `slots` on.
    #[must_use]
    pub fn then(self, next: Idle, slots: usize) -> Idle {
        match (self, next) {
            (Idle::Works(why), _) | (_, Idle::Works(why)) => Idle::Works(why),
            (glides @ Idle::Glides { .. }, Idle::Passes) => glides,
            (Idle::Glides { .. }, _) => Idle::Works("only the last stage of a chain can make up for its momentum"),
            (Idle::Passes | Idle::Rests, Idle::Glides { slot, keep, moves }) => {
                Idle::Glides { slot: slot + slots, keep, moves }
            }
            (Idle::Waits, Idle::Glides { .. }) => Idle::Works("averages that wait cannot feed momentum that does not"),
            (Idle::Waits, _) | (_, Idle::Waits) => Idle::Waits,
            (Idle::Rests, _) | (_, Idle::Rests) => Idle::Rests,
            (Idle::Passes, Idle::Passes) => Idle::Passes,
        }
    }
}

/// An average of curvature that a stage is fed from outside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curvature {
    /// Which of the slots: h ← βh + (1−β)ĥ.
    pub slot: usize,
    /// β.
    pub beta: f64,
    /// Steps between two estimates ĥ of the Hessian's diagonal.
    pub every: u64,
}

/// One elementwise stage of an update rule.
///
/// Coefficients are prepared in 64 bits once a step; the arithmetic on blocks is that of `T`, written without `mul_add`, so
/// that all instruction sets give the same bits.
pub trait Stage<T: Real>: Send + Sync + 'static {
    /// The state of a block: `[Lanes<T>; N]`, or `()`.
    type Slots: SlotArray<T>;
    /// What `lanes` needs besides the state.
    type Coefs: Copy + Send + Sync + Default;

    /// The slots in their order. They start at 0.
    const SLOTS: &'static [SlotSpec] = &[];
    /// The names, `rule.symbol`, and first values of numbers that are state of a whole group.
    const SCALARS: &'static [(&'static str, f64)] = &[];
    /// What the stage's sums run over; the pass ends before a stage that cuts.
    const CUT: Cut = Cut::None;
    /// Whether `at.g` is read; such a stage cannot stand behind a pass that has overwritten the gradient.
    const USES_GRADIENT: bool = false;
    /// How many sums [`measure`](Stage::measure) adds up.
    const SUMS: usize = 0;

    /// Prepares the coefficients of a step; may advance the scalars.
    fn prepare(&mut self, cx: &StepCx<'_>, scalars: &mut [f64]) -> Self::Coefs;

    /// Updates a block.
    fn lanes(c: &Self::Coefs, u: &mut Lanes<T>, at: At<'_, T>, s: &mut Self::Slots);

    /// Adds a block to the sums. Only for stages that cut.
    #[inline(always)]
    fn measure(_c: &Self::Coefs, _u: &Lanes<T>, _at: At<'_, T>, _s: &Self::Slots, _sums: &mut [Lanes<f64>]) {}

    /// Corrects the coefficients once the sums are known. Only for stages that cut.
    fn measured(&mut self, _cx: &StepCx<'_>, _sums: &[f64], _scalars: &mut [f64], _c: &mut Self::Coefs) {}

    /// What it does where the gradient is 0.
    fn idle(&self) -> Idle {
        Idle::Works("its state changes at every step")
    }

    /// The average of curvature it keeps; `None` for nearly all.
    fn curvature(&self) -> Option<Curvature> {
        None
    }

    /// The parameters to evaluate at, from the parameters after the step and the state: `y` holds x before the call. Returns
    /// false where they are x itself.
    #[inline(always)]
    fn evaluate(_c: &Self::Coefs, _y: &mut Lanes<T>, _s: &Self::Slots) -> bool {
        false
    }
    /// Whether [`evaluate`](Stage::evaluate) returns something else than x.
    const AVERAGES: bool = false;
}

/// Where the state vector of a slot lies: plain numbers behind a pointer, or packed ones.
pub trait Memory<T: Real>: Copy {
    /// Loads `n ≤ LANES` elements from `at` on into a block of zeros.
    ///
    /// # Safety
    /// Elements `at..at + n` are valid for reading.
    unsafe fn load(self, at: usize, n: usize, to: &mut Lanes<T>);

    /// Stores the first `n ≤ LANES` elements of a block.
    ///
    /// # Safety
    /// Elements `at..at + n` are valid for writing, and nobody else uses them meanwhile.
    unsafe fn store(self, at: usize, n: usize, from: &Lanes<T>);
}

impl<T: Real> Memory<T> for *mut T {
    #[inline(always)]
    unsafe fn load(self, at: usize, n: usize, to: &mut Lanes<T>) {
        // SAFETY: by the contract of the trait.
        unsafe { load_lanes(self.add(at), n, to) };
    }

    #[inline(always)]
    unsafe fn store(self, at: usize, n: usize, from: &Lanes<T>) {
        // SAFETY: by the contract of the trait.
        unsafe { store_lanes(from, n, self.add(at)) };
    }
}

/// The state of a block, as it is loaded from and stored to one vector a slot.
pub trait SlotArray<T: Real>: Copy {
    /// How many slots.
    const COUNT: usize;

    /// Loads `n ≤ LANES` elements from `at` on; the others are 0.
    ///
    /// # Safety
    /// `from` has at least `COUNT` places, each valid for reading elements `at..at + n`.
    unsafe fn load<M: Memory<T>>(from: &[M], at: usize, n: usize) -> Self;

    /// Stores the first `n ≤ LANES` elements.
    ///
    /// # Safety
    /// `to` has at least `COUNT` places, each valid for writing elements `at..at + n`, which nobody else uses meanwhile.
    unsafe fn store<M: Memory<T>>(&self, to: &[M], at: usize, n: usize);
}

impl<T: Real> SlotArray<T> for () {
    const COUNT: usize = 0;
    #[inline(always)]
    unsafe fn load<M: Memory<T>>(_: &[M], _: usize, _: usize) {}
    #[inline(always)]
    unsafe fn store<M: Memory<T>>(&self, _: &[M], _: usize, _: usize) {}
}

impl<T: Real, const N: usize> SlotArray<T> for [Lanes<T>; N] {
    const COUNT: usize = N;

    #[inline(always)]
    unsafe fn load<M: Memory<T>>(from: &[M], at: usize, n: usize) -> Self {
        let mut slots = [[T::ZERO; LANES]; N];
        for (slot, &p) in slots.iter_mut().zip(from) {
            // SAFETY: the caller vouches for `n` elements from `at` on.
            unsafe { p.load(at, n, slot) };
        }
        slots
    }

    #[inline(always)]
    unsafe fn store<M: Memory<T>>(&self, to: &[M], at: usize, n: usize) {
        for (slot, &p) in self.iter().zip(to) {
            // SAFETY: the caller vouches for `n` elements from `at` on.
            unsafe { p.store(at, n, slot) };
        }
    }
}

/// Copies `n` elements into a block; a constant `n == LANES` becomes one vector load.
///
/// # Safety
/// `from` is valid for reading `n ≤ LANES` elements.
#[inline(always)]
pub(crate) unsafe fn load_lanes<T: Real>(from: *const T, n: usize, to: &mut Lanes<T>) {
    // SAFETY: by the contract above; a block on the stack does not overlap the vectors.
    unsafe { std::ptr::copy_nonoverlapping(from, to.as_mut_ptr(), n) };
}

/// Copies `n` elements of a block out.
///
/// # Safety
/// `to` is valid for writing `n ≤ LANES` elements.
#[inline(always)]
pub(crate) unsafe fn store_lanes<T: Real>(from: &Lanes<T>, n: usize, to: *mut T) {
    // SAFETY: by the contract above; a block on the stack does not overlap the vectors.
    unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), to, n) };
}

impl<T: Real, A: SlotArray<T>, B: SlotArray<T>> SlotArray<T> for (A, B) {
    const COUNT: usize = A::COUNT + B::COUNT;

    #[inline(always)]
    unsafe fn load<M: Memory<T>>(from: &[M], at: usize, n: usize) -> Self {
        // SAFETY: the pointers of A come first, those of B behind them.
        unsafe { (A::load(from, at, n), B::load(&from[A::COUNT..], at, n)) }
    }

    #[inline(always)]
    unsafe fn store<M: Memory<T>>(&self, to: &[M], at: usize, n: usize) {
        // SAFETY: as in `load`.
        unsafe {
            self.0.store(to, at, n);
            self.1.store(&to[A::COUNT..], at, n);
        }
    }
}
