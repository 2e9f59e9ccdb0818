//! The layout of a flat vector: which segment of it is which tensor.

use thiserror::Error;

/// What a tensor is for. Update rules use it to choose defaults: decay leaves biases and norms alone, Muon takes matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// A multiplicative weight: a matrix, a convolution kernel, the coefficients of a linear model.
    Weight,
    /// An additive bias or intercept.
    Bias,
    /// The scale or shift of a normalization.
    Norm,
    /// A table of which a step touches few rows.
    Embedding,
    /// Anything else: coordinates, angles, physical parameters.
    Other,
}

impl Role {
    /// The name in files, options and messages.
    pub fn name(self) -> &'static str {
        match self {
            Role::Weight => "weight",
            Role::Bias => "bias",
            Role::Norm => "norm",
            Role::Embedding => "embedding",
            Role::Other => "other",
        }
    }

    /// The role with this [`name`](Role::name).
    pub fn from_name(name: &str) -> Option<Role> {
        [Role::Weight, Role::Bias, Role::Norm, Role::Embedding, Role::Other].into_iter().find(|r| r.name() == name)
    }
}

/// One tensor inside a flat vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The unique name, with dots between levels: `layer1.weight`.
    pub name: String,
    /// The shape, row-major; empty for a scalar.
    pub shape: Vec<usize>,
    /// What the tensor is for.
    pub role: Role,
    /// Index of the first element in the flat vector.
    pub offset: usize,
    /// Number of elements, the product of the shape.
    pub len: usize,
}

impl Segment {
    /// The indices of the segment in the flat vector.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.offset..self.offset + self.len
    }
}

/// The segments of a flat vector, in order, without gaps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    segments: Vec<Segment>,
    len: usize,
}

/// Why a layout could not be built.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LayoutError {
    /// Two segments would have the same name, so that saved state could not be matched by name.
    #[error("two tensors are named `{0}`; names must be unique because state is matched by name")]
    DuplicateName(String),
    /// The number of elements does not fit in memory.
    #[error("the shape {shape:?} of tensor `{name}` has more elements than this machine can address")]
    TooLarge {
        /// The tensor.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
    },
}

impl Layout {
    /// The empty layout; add segments with [`push`](Layout::push).
    pub fn new() -> Layout {
        Layout::default()
    }

    /// A layout of one unnamed vector of `len` values, `x`, role [`Role::Other`]: what a plain function of n variables has.
    pub fn vector(len: usize) -> Layout {
        let segment = Segment { name: "x".into(), shape: vec![len], role: Role::Other, offset: 0, len };
        Layout { segments: vec![segment], len }
    }

    /// Appends a tensor behind the ones already there.
    ///
    /// ```
    /// use steepest_core::{Layout, Role};
    /// let mut layout = Layout::new();
    /// layout.push("layer1.weight", &[64, 20], Role::Weight)?;
    /// layout.push("layer1.bias", &[64], Role::Bias)?;
    /// assert_eq!(layout.len(), 64 * 20 + 64);
    /// assert_eq!(layout.get("layer1.bias").unwrap().range(), 1280..1344);
    /// # Ok::<(), steepest_core::LayoutError>(())
    /// ```
    ///
    /// # Errors
    /// A name that is taken, or a size that overflows.
    pub fn push(&mut self, name: &str, shape: &[usize], role: Role) -> Result<(), LayoutError> {
        if self.get(name).is_some() {
            return Err(LayoutError::DuplicateName(name.into()));
        }
        let too_large = || LayoutError::TooLarge { name: name.into(), shape: shape.to_vec() };
        let len = shape.iter().try_fold(1usize, |n, &s| n.checked_mul(s)).ok_or_else(too_large)?;
        let end = self.len.checked_add(len).ok_or_else(too_large)?;
        self.segments.push(Segment { name: name.into(), shape: shape.to_vec(), role, offset: self.len, len });
        self.len = end;
        Ok(())
    }

    /// The number of elements of the flat vector.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The segments in the order of the flat vector.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The segment with this name.
    pub fn get(&self, name: &str) -> Option<&Segment> {
        self.segments.iter().find(|s| s.name == name)
    }

    /// The segment that holds element `index` of the flat vector; for messages that name a tensor.
    pub fn segment_of(&self, index: usize) -> Option<&Segment> {
        let i = self.segments.partition_point(|s| s.offset + s.len <= index);
        self.segments.get(i)
    }

    /// The name of one element for messages: `layer1.weight[3, 7]`.
    pub fn describe(&self, index: usize) -> String {
        let Some(segment) = self.segment_of(index) else { return format!("element {index}") };
        let mut rest = index - segment.offset;
        let mut at = vec![0; segment.shape.len()];
        for (k, &size) in segment.shape.iter().enumerate().rev() {
            at[k] = rest % size;
            rest /= size;
        }
        let at: Vec<String> = at.iter().map(usize::to_string).collect();
        format!("{}[{}]", segment.name, at.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_contiguous_and_found_by_index() {
        let mut layout = Layout::new();
        layout.push("a", &[2, 3], Role::Weight).unwrap();
        layout.push("empty", &[0], Role::Other).unwrap();
        layout.push("b", &[], Role::Bias).unwrap();
        assert_eq!(layout.len(), 7);
        assert_eq!(layout.segment_of(5).unwrap().name, "a");
        assert_eq!(layout.segment_of(6).unwrap().name, "b");
        assert_eq!(layout.segment_of(7), None);
        assert_eq!(layout.describe(4), "a[1, 1]");
        assert_eq!(layout.describe(6), "b[]");
    }

    #[test]
    fn names_are_unique_and_sizes_checked() {
        let mut layout = Layout::vector(3);
        assert_eq!(layout.push("x", &[1], Role::Bias), Err(LayoutError::DuplicateName("x".into())));
        assert!(matches!(layout.push("y", &[usize::MAX, 2], Role::Bias), Err(LayoutError::TooLarge { .. })));
        assert!(matches!(layout.push("y", &[usize::MAX], Role::Bias), Err(LayoutError::TooLarge { .. })));
        assert_eq!(layout.len(), 3);
    }
}
