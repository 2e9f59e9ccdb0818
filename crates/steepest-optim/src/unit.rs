//! Units: compiled stages behind one object-safe face, with a copy of the loop for each instruction set.
//!
//! A chain is a list of units, which run tile by tile, each in turn on a tile that stays in the first-level cache. Whether
//! stages are compiled into one unit or follow each other as several gives the same bits, since every operation is
//! elementwise.

use steepest_core::{
    Real,
    isa::{Isa, Kernel},
};

use crate::{
    packed_block::BlockPtr,
    stage::{
        At, Curvature, Cut, Idle, LANES, Lanes, Memory, SlotArray, SlotSpec, Stage, StepCx, load_lanes, store_lanes,
    },
};

/// One piece of the vectors as a unit sees it: pointers to the state of its first element, one a slot.
pub(crate) type SlotPtrs<'a, T> = &'a [*mut T];

/// The most sums that a stage takes.
pub(crate) const MAX_SUMS: usize = 4;

/// A compiled stage: what a chain is made of.
///
/// `i` is the index of the group, or of the segment for units that cut by segments.
pub(crate) trait Unit<T: Real>: Send + Sync {
    /// Its state vectors.
    fn slots(&self) -> &'static [SlotSpec];
    /// The names and first values of the numbers it keeps for each group.
    fn scalars(&self) -> &'static [(&'static str, f64)];
    /// Over what it needs sums.
    fn cut(&self) -> Cut;
    /// How many sums.
    fn sums(&self) -> usize;
    /// Whether it reads the gradient as it entered the pass.
    fn uses_gradient(&self) -> bool;
    /// What it does where the gradient is 0.
    fn idle(&self) -> Idle;
    /// The average of curvature it keeps.
    fn curvature(&self) -> Option<Curvature>;
    /// Makes room for the coefficients of `count` groups.
    fn reserve(&mut self, count: usize);
    /// Prepares a step; `scale` multiplies the update behind the stage.
    fn prepare(&mut self, i: usize, cx: &StepCx<'_>, scalars: &mut [f64], scale: f64);
    /// Takes the sums over a piece.
    ///
    /// # Safety
    /// The slices have one length, and `slots` points to the unit's state of as many elements.
    unsafe fn measure(&self, i: usize, isa: Isa, u: &[T], x: &[T], slots: SlotPtrs<'_, T>) -> [f64; MAX_SUMS];
    /// Corrects the coefficients by the sums.
    fn measured(&mut self, i: usize, cx: &StepCx<'_>, sums: &[f64], scalars: &mut [f64]);
    /// Writes the update of this unit, made from that of the unit before at `from`, to `u`, which may be the same place.
    ///
    /// # Safety
    /// `from` and `u` have as many elements as `x` and `g`, and `slots` points to the unit's state of as many, which nobody
    /// else uses meanwhile.
    #[allow(clippy::too_many_arguments)]
    unsafe fn transform(&self, i: usize, isa: Isa, from: *const T, u: *mut T, x: &[T], g: &[T], slots: SlotPtrs<'_, T>);
    /// The same with packed state.
    ///
    /// # Safety
    /// As for [`transform`](Unit::transform).
    #[allow(clippy::too_many_arguments)]
    unsafe fn transform_packed(
        &self,
        i: usize,
        isa: Isa,
        from: *const T,
        u: *mut T,
        x: &[T],
        g: &[T],
        slots: &[BlockPtr<T>],
    );
    /// Turns a copy of x into the parameters to evaluate at; false where they are x.
    ///
    /// # Safety
    /// `slots` points to the unit's state of as many elements as `y` has.
    unsafe fn evaluate(&self, i: usize, y: &mut [T], slots: SlotPtrs<'_, T>) -> bool;
    /// Whether [`evaluate`](Unit::evaluate) does anything.
    fn averages(&self) -> bool;
}

/// The unit of a stage.
pub(crate) struct Compiled<T: Real, S: Stage<T>> {
    stage: S,
    /// Coefficients and the factor behind the stage, one a group.
    coefs: Vec<(S::Coefs, T)>,
}

impl<T: Real, S: Stage<T>> Compiled<T, S> {
    /// The unit of `stage`.
    pub(crate) fn new(stage: S) -> Compiled<T, S> {
        const { assert!(S::SUMS <= MAX_SUMS && S::SLOTS.len() == <S::Slots as SlotArray<T>>::COUNT) };
        Compiled { stage, coefs: Vec::new() }
    }
}

impl<T: Real, S: Stage<T>> Unit<T> for Compiled<T, S> {
    fn slots(&self) -> &'static [SlotSpec] {
        S::SLOTS
    }
    fn scalars(&self) -> &'static [(&'static str, f64)] {
        S::SCALARS
    }
    fn cut(&self) -> Cut {
        S::CUT
    }
    fn sums(&self) -> usize {
        S::SUMS
    }
    fn averages(&self) -> bool {
        S::AVERAGES
    }
    fn uses_gradient(&self) -> bool {
        S::USES_GRADIENT
    }
    fn idle(&self) -> Idle {
        self.stage.idle()
    }
    fn curvature(&self) -> Option<Curvature> {
        self.stage.curvature()
    }
    fn reserve(&mut self, count: usize) {
        self.coefs.resize(count, (S::Coefs::default(), T::ONE));
    }

    #[inline]
    fn prepare(&mut self, i: usize, cx: &StepCx<'_>, scalars: &mut [f64], scale: f64) {
        self.coefs[i] = (self.stage.prepare(cx, scalars), T::from_f64(scale));
    }

    fn measured(&mut self, i: usize, cx: &StepCx<'_>, sums: &[f64], scalars: &mut [f64]) {
        self.stage.measured(cx, sums, scalars, &mut self.coefs[i].0);
    }

    unsafe fn measure(&self, i: usize, isa: Isa, u: &[T], x: &[T], slots: SlotPtrs<'_, T>) -> [f64; MAX_SUMS] {
        isa.run(Measure::<T, S> { c: &self.coefs[i].0, u, x, slots })
    }

    unsafe fn transform(
        &self,
        i: usize,
        isa: Isa,
        from: *const T,
        u: *mut T,
        x: &[T],
        g: &[T],
        slots: SlotPtrs<'_, T>,
    ) {
        let (c, scale) = &self.coefs[i];
        isa.run(Transform::<T, S, _> { c, scale: *scale, from, u, x, g, slots });
    }

    unsafe fn transform_packed(
        &self,
        i: usize,
        isa: Isa,
        from: *const T,
        u: *mut T,
        x: &[T],
        g: &[T],
        slots: &[BlockPtr<T>],
    ) {
        let (c, scale) = &self.coefs[i];
        isa.run(Transform::<T, S, _> { c, scale: *scale, from, u, x, g, slots });
    }

    unsafe fn evaluate(&self, i: usize, y: &mut [T], slots: SlotPtrs<'_, T>) -> bool {
        let mut any = false;
        for start in (0..y.len()).step_by(LANES) {
            let n = LANES.min(y.len() - start);
            let mut block = [T::ZERO; LANES];
            block[..n].copy_from_slice(&y[start..start + n]);
            // SAFETY: `slots` holds as many elements as `y`, by the contract of the trait.
            let s = unsafe { S::Slots::load(slots, start, n) };
            any |= S::evaluate(&self.coefs[i].0, &mut block, &s);
            y[start..start + n].copy_from_slice(&block[..n]);
        }
        any
    }
}

/// Keeps the compiler from turning the loop over blocks inside out. A block is one vector register; left alone, the
/// vectorizer of loops takes element k of sixteen blocks at once, with gathers and scatters, at five times the time.
#[inline(always)]
pub(crate) fn block_ends() {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    // SAFETY: no instruction, no memory, no flags.
    unsafe {
        std::arch::asm!("", options(nomem, nostack, preserves_flags));
    }
}

/// The loop of [`Unit::transform`].
struct Transform<'a, T: Real, S: Stage<T>, M> {
    c: &'a S::Coefs,
    scale: T,
    from: *const T,
    u: *mut T,
    x: &'a [T],
    g: &'a [T],
    slots: &'a [M],
}

impl<T: Real, S: Stage<T>, M: Memory<T>> Transform<'_, T, S, M> {
    /// One block of `n` elements from `at` on.
    #[inline(always)]
    fn block(&self, at: usize, n: usize) {
        let (mut x, mut g, mut u) = ([T::ZERO; LANES], [T::ZERO; LANES], [T::ZERO; LANES]);
        // SAFETY: `at + n` is at most the length of the slices and, by the contract of the unit, of everything else.
        unsafe {
            load_lanes(self.x.as_ptr().add(at), n, &mut x);
            load_lanes(self.g.as_ptr().add(at), n, &mut g);
            load_lanes(self.from.add(at), n, &mut u);
            let mut s = S::Slots::load(self.slots, at, n);
            S::lanes(self.c, &mut u, At { x: &x, g: &g }, &mut s);
            for u in &mut u {
                *u *= self.scale;
            }
            store_lanes(&u, n, self.u.add(at));
            s.store(self.slots, at, n);
        }
    }
}

impl<T: Real, S: Stage<T>, M: Memory<T>> Kernel for Transform<'_, T, S, M> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let len = self.x.len().min(self.g.len());
        let whole = len / LANES * LANES;
        let mut at = 0;
        while at < whole {
            self.block(at, LANES);
            at += LANES;
            block_ends();
        }
        if whole < len {
            self.block(whole, len - whole);
        }
    }
}

/// The loop of [`Unit::measure`].
struct Measure<'a, T: Real, S: Stage<T>> {
    c: &'a S::Coefs,
    u: &'a [T],
    x: &'a [T],
    slots: SlotPtrs<'a, T>,
}

impl<T: Real, S: Stage<T>> Kernel for Measure<'_, T, S> {
    type Output = [f64; MAX_SUMS];

    #[inline(always)]
    fn run(self) -> [f64; MAX_SUMS] {
        let mut sums = [[0.0; LANES]; MAX_SUMS];
        let len = self.u.len().min(self.x.len());
        let whole = len / LANES * LANES;
        let mut block = |at: usize, n: usize| {
            let (mut x, mut u) = ([T::ZERO; LANES], [T::ZERO; LANES]);
            // SAFETY: `at + n` is at most the length of the slices and, by the contract of the unit, of the slots.
            let s = unsafe {
                load_lanes(self.x.as_ptr().add(at), n, &mut x);
                load_lanes(self.u.as_ptr().add(at), n, &mut u);
                S::Slots::load(self.slots, at, n)
            };
            S::measure(self.c, &u, At { x: &x, g: &u }, &s, &mut sums[..S::SUMS]);
        };
        let mut at = 0;
        while at < whole {
            block(at, LANES);
            at += LANES;
            block_ends();
        }
        if whole < len {
            block(whole, len - whole);
        }
        sums.map(|lanes| fold(&lanes))
    }
}

/// The sum of a block in a fixed order: halves added until one number is left.
#[inline(always)]
fn fold(lanes: &Lanes<f64>) -> f64 {
    let mut sum = *lanes;
    let mut half = LANES / 2;
    while half > 0 {
        for k in 0..half {
            sum[k] += sum[k + half];
        }
        half /= 2;
    }
    sum[0]
}
