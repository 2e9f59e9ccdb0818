//! Serves the test problems over standard input and output, so that another language minimizes the same functions, bit for bit.
//!
//! A request is a line: `list` answers one line, the names separated by blanks; `open NAME DIM` (dimension 0: the default)
//! answers one line `n f* COLLECTION KIND` (f* is `nan` where none is known) and then, in binary little-endian doubles, the start
//! and the number and values of the known minima. While a problem is open a request is one byte and n doubles x: `g` answers f and
//! ∇f, `f` only f, `p` is followed by n doubles v more and answers ∇²f·v, `h` answers ∇²f; `c` (alone) closes the problem. Where f
//! is not finite the answer is NaN throughout. An error answers a line that begins with `error`.

use std::io::{self, BufRead, Read, Write};

use steepest_functions::problems::{self, Problem};

fn main() -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut line = String::new();
    loop {
        line.clear();
        if input.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["list"] => {
                let names: Vec<&str> = problems::entries().iter().map(|e| e.name).collect();
                writeln!(output, "{}", names.join(" "))?;
            }
            ["open", name, dim] => {
                let dim = dim.parse::<usize>().ok().filter(|&n| n > 0);
                match problems::build(name, dim) {
                    Ok(problem) => serve(problem, &mut input, &mut output)?,
                    Err(error) => writeln!(output, "error {error}")?,
                }
            }
            _ => writeln!(output, "error: expected `list` or `open NAME DIM`")?,
        }
        output.flush()?;
    }
}

fn serve(mut problem: Problem, input: &mut impl Read, output: &mut impl Write) -> io::Result<()> {
    let n = problem.start.len();
    let (collection, kind) = (problem.entry.collection.name(), problem.entry.kind.name().replace(' ', "-"));
    writeln!(output, "{n} {} {collection} {kind}", problem.best().unwrap_or(f64::NAN))?;
    write(output, &problem.start)?;
    let minima: Vec<f64> = problem.minima.iter().map(|m| m.value).collect();
    write(output, &[minima.len() as f64])?;
    write(output, &minima)?;
    let f = &mut *problem.objective;
    let mut matrix = Vec::new();
    loop {
        output.flush()?;
        let mut command = [0u8];
        if input.read(&mut command)? == 0 || command[0] == b'c' {
            return Ok(());
        }
        let x = read(input, n)?;
        let mut g = vec![f64::NAN; n];
        let value = f.at(&x).unwrap_or(f64::NAN);
        let fine = value.is_finite() && f.gradient(&mut g).is_ok();
        match command[0] {
            b'f' => write(output, &[value])?,
            b'g' => {
                write(output, &[if fine { value } else { f64::NAN }])?;
                write(output, &g)?;
            }
            b'p' => {
                let v = read(input, n)?;
                f.hvp(&v, &mut g);
                write(output, &g)?;
            }
            _ => {
                matrix.resize(n * n, 0.0);
                f.hessian(&mut matrix);
                write(output, &matrix)?;
            }
        }
    }
}

fn read(input: &mut impl Read, n: usize) -> io::Result<Vec<f64>> {
    let mut bytes = vec![0u8; 8 * n];
    input.read_exact(&mut bytes)?;
    Ok(bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().expect("eight bytes"))).collect())
}

fn write(output: &mut impl Write, values: &[f64]) -> io::Result<()> {
    values.iter().try_for_each(|v| output.write_all(&v.to_le_bytes()))
}
