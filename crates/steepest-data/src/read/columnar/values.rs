//! The values of Arrow arrays, of whatever width, as what a table holds: numbers, seconds, words.
//!
//! Arrow's own casts do the same between any two types and take longer to compile than all of this crate; these few suffice.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, Float16Type, Float32Type,
    Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, Int32Array, Int64Array};
use arrow_schema::{ArrowError, DataType, TimeUnit};

/// Calls `put` with every number of `array`, or `None` for a null. Decimals are divided by their power of ten, so that 123.45
/// is the nearest `f64` to it.
pub(super) fn numbers(array: &ArrayRef, put: &mut dyn FnMut(Option<f64>)) -> Result<(), ArrowError> {
    match array.data_type() {
        DataType::Int8 => each::<Int8Type>(array, f64::from, put),
        DataType::Int16 => each::<Int16Type>(array, f64::from, put),
        DataType::Int32 => each::<Int32Type>(array, f64::from, put),
        DataType::Int64 => each::<Int64Type>(array, |v| v as f64, put),
        DataType::UInt8 => each::<UInt8Type>(array, f64::from, put),
        DataType::UInt16 => each::<UInt16Type>(array, f64::from, put),
        DataType::UInt32 => each::<UInt32Type>(array, f64::from, put),
        DataType::UInt64 => each::<UInt64Type>(array, |v| v as f64, put),
        DataType::Float16 => each::<Float16Type>(array, |v| v.to_f64(), put),
        DataType::Float32 => each::<Float32Type>(array, f64::from, put),
        DataType::Float64 => each::<Float64Type>(array, |v| v, put),
        DataType::Decimal32(_, scale) => each::<Decimal32Type>(array, |v| shifted(f64::from(v), *scale), put),
        DataType::Decimal64(_, scale) => each::<Decimal64Type>(array, |v| shifted(v as f64, *scale), put),
        DataType::Decimal128(_, scale) => each::<Decimal128Type>(array, |v| shifted(v as f64, *scale), put),
        DataType::Decimal256(_, scale) => {
            // By its size and sign: the two halves of a small negative number are huge and cancel.
            let wide = |(low, high): (u128, i128), sign: f64| sign * (high as f64 * 2f64.powi(128) + low as f64);
            let widen = |v: <Decimal256Type as ArrowPrimitiveType>::Native| {
                wide(v.wrapping_abs().to_parts(), if v.is_negative() { -1.0 } else { 1.0 })
            };
            each::<Decimal256Type>(array, |v| shifted(widen(v), *scale), put);
        }
        DataType::Dictionary(..) => {
            let mut values = Vec::new();
            numbers(array.as_any_dictionary().values(), &mut |v| values.push(v))?;
            keys(array).into_iter().for_each(|key| put(key.and_then(|k| values[k])));
        }
        other => return Err(ArrowError::CastError(format!("{other} is no number"))),
    }
    Ok(())
}

fn each<T: ArrowPrimitiveType>(array: &ArrayRef, widen: impl Fn(T::Native) -> f64, put: &mut dyn FnMut(Option<f64>)) {
    let array = array.as_primitive::<T>();
    if array.null_count() == 0 {
        array.values().iter().for_each(|&v| put(Some(widen(v))));
    } else {
        array.iter().for_each(|v| put(v.map(&widen)));
    }
}

/// v·10^(−scale), rounded once where the power is exact.
fn shifted(v: f64, scale: i8) -> f64 {
    let power = 10f64.powi(i32::from(scale).abs());
    if scale < 0 { v * power } else { v / power }
}

/// Calls `put` with every date, timestamp, time of day or duration of `array` in seconds, or NaN for a null.
pub(super) fn seconds(array: &ArrayRef, put: &mut dyn FnMut(f64)) -> Result<(), ArrowError> {
    if let DataType::Dictionary(..) = array.data_type() {
        let mut values = Vec::new();
        seconds(array.as_any_dictionary().values(), &mut |v| values.push(v))?;
        keys(array).into_iter().for_each(|key| put(key.map_or(f64::NAN, |k| values[k])));
        return Ok(());
    }
    let per_second = match array.data_type() {
        DataType::Date32 => 1.0 / 86400.0,
        DataType::Date64 => 1e3,
        DataType::Timestamp(unit, _) | DataType::Duration(unit) | DataType::Time32(unit) | DataType::Time64(unit) => {
            match unit {
                TimeUnit::Second => 1.0,
                TimeUnit::Millisecond => 1e3,
                TimeUnit::Microsecond => 1e6,
                TimeUnit::Nanosecond => 1e9,
            }
        }
        other => return Err(ArrowError::CastError(format!("{other} is no time"))),
    };
    // The same bytes, read as the whole numbers that they are.
    let ticks = |kind: DataType| array.to_data().into_builder().data_type(kind).build();
    if array.data_type().primitive_width() == Some(4) {
        let ticks = Int32Array::from(ticks(DataType::Int32)?);
        ticks.iter().for_each(|t| put(t.map_or(f64::NAN, |t| f64::from(t) / per_second)));
    } else {
        let ticks = Int64Array::from(ticks(DataType::Int64)?);
        ticks.iter().for_each(|t| put(t.map_or(f64::NAN, |t| t as f64 / per_second)));
    }
    Ok(())
}

/// Calls `put` with every word of `array`, or `None` for a null; of a dictionary with the words themselves, not the rows.
pub(super) fn words(array: &ArrayRef, put: &mut dyn FnMut(Option<&str>)) -> Result<(), ArrowError> {
    match array.data_type() {
        DataType::Boolean => {
            array.as_boolean().iter().for_each(|b| put(b.map(|b| if b { "true" } else { "false" })));
        }
        DataType::Utf8 => array.as_string::<i32>().iter().for_each(put),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().for_each(put),
        DataType::Utf8View => array.as_string_view().iter().for_each(put),
        DataType::Dictionary(..) => words(array.as_any_dictionary().values(), put)?,
        other => return Err(ArrowError::CastError(format!("{other} is no text"))),
    }
    Ok(())
}

/// Which value of a dictionary each row holds.
pub(super) fn keys(array: &ArrayRef) -> Vec<Option<usize>> {
    let dictionary = array.as_any_dictionary();
    if dictionary.values().is_empty() {
        return vec![None; array.len()];
    }
    let keys = dictionary.normalized_keys().into_iter().enumerate();
    keys.map(|(row, key)| array.is_valid(row).then_some(key)).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{
        Date64Array, Decimal256Array, DictionaryArray, DurationNanosecondArray, Float16Array, Time32SecondArray,
        UInt64Array,
    };

    use super::*;

    fn taken(array: ArrayRef) -> Vec<Option<f64>> {
        let mut out = Vec::new();
        numbers(&array, &mut |v| out.push(v)).unwrap();
        out
    }

    fn times(array: ArrayRef) -> Vec<f64> {
        let mut out = Vec::new();
        seconds(&array, &mut |v| out.push(v)).unwrap();
        out
    }

    #[test]
    fn wide_and_narrow_numbers() {
        let half = [0.5f32, -65504.0].map(<Float16Type as ArrowPrimitiveType>::Native::from_f32);
        assert_eq!(taken(Arc::new(Float16Array::from(half.to_vec()))), [Some(0.5), Some(-65504.0)]);
        assert_eq!(taken(Arc::new(UInt64Array::from(vec![Some(1 << 63), None]))), [Some(2f64.powi(63)), None]);
        // 2^200 and −1, in hundredths.
        let parts = [(0, 1 << 72), (u128::MAX, -1)]
            .map(|(low, high)| <Decimal256Type as ArrowPrimitiveType>::Native::from_parts(low, high));
        let money = Decimal256Array::from(parts.to_vec()).with_precision_and_scale(76, 2).unwrap();
        assert_eq!(taken(Arc::new(money)), [Some(2f64.powi(200) / 100.0), Some(-0.01)]);
    }

    #[test]
    fn times_of_every_width_in_seconds() {
        assert_eq!(times(Arc::new(Date64Array::from(vec![1500]))), [1.5]);
        assert_eq!(times(Arc::new(Time32SecondArray::from(vec![7]))), [7.0]);
        let found = times(Arc::new(DurationNanosecondArray::from(vec![Some(2_000_000_000), None]).slice(0, 2)));
        assert!(found[0] == 2.0 && found[1].is_nan());
    }

    #[test]
    fn a_slice_of_a_dictionary_keeps_its_rows() {
        let values: ArrayRef = Arc::new(Int32Array::from(vec![Some(10), None, Some(30)]));
        let rows = arrow_array::Int8Array::from(vec![Some(2), None, Some(1), Some(0)]);
        let array: ArrayRef = Arc::new(DictionaryArray::new(rows, values));
        assert_eq!(taken(array.slice(1, 3)), [None, None, Some(10.0)]);
    }
}
