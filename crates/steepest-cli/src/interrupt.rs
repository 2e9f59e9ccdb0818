//! The end that is asked for from outside.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::failure::Failure;

/// Set by Ctrl-C and SIGTERM; a second one ends the program at once.
pub fn interrupt_flag() -> Result<Arc<AtomicBool>, Failure> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // The order matters: on the first signal the flag is not set yet and nothing happens but setting it.
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&flag)).map_err(Failure::input)?;
        signal_hook::flag::register(signal, Arc::clone(&flag)).map_err(Failure::input)?;
    }
    Ok(flag)
}
