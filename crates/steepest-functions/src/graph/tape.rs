//! A graph: the operations a function needs, compact and in the order in which they are carried out.

use super::builder::{Node, Record, index};
use super::op::Op;

/// Operations in a block are sorted; a block's values, adjoints and operands stay in the first-level cache.
const BLOCK: usize = 1024;

/// A function as a list of operations. Immutable; [`Function`](super::Function) evaluates it.
#[derive(Debug, Clone)]
pub struct Graph {
    pub(super) inputs: usize,
    pub(super) constants: Vec<f64>,
    /// Operands of each node; unused for inputs and constants.
    pub(super) a: Vec<u32>,
    pub(super) b: Vec<u32>,
    pub(super) args: Vec<u32>,
    pub(super) runs: Vec<Run>,
    pub(super) value: u32,
    /// Nodes and factors with f = ½ Σ (factor·node)²; empty where f is not given as a sum of squares.
    pub(super) residuals: Vec<(u32, f64)>,
}

/// Neighbouring nodes with the same operation, none of which is an operand of another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) op: Op,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Graph {
    /// The number of variables.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The number of operations of one evaluation.
    pub fn operations(&self) -> usize {
        self.a.len() - self.inputs - self.constants.len()
    }

    /// The number of residuals; 0 where the function is not given as a sum of squares.
    pub fn residuals(&self) -> usize {
        self.residuals.len()
    }

    /// The number of nodes: variables, constants, operations.
    pub(super) fn nodes(&self) -> usize {
        self.a.len()
    }

    /// Whether variable `i` occurs.
    pub fn uses(&self, i: usize) -> bool {
        let id = index(i);
        if self.value == id {
            return true;
        }
        self.runs.iter().any(|run| {
            (run.start..run.end).any(|k| {
                let (a, b) = (self.a[k], self.b[k]);
                match run.op {
                    op if op.is_list() => self.args[a as usize..(a + b) as usize].contains(&id),
                    op if op.is_binary() => a == id || b == id,
                    _ => a == id,
                }
            })
        })
    }

    pub(super) fn compact(record: &Record, inputs: usize, value: u32, residuals: &[(u32, f64)]) -> Graph {
        let needed = reachable(record, value, residuals);
        let mut graph = Graph {
            inputs,
            constants: Vec::new(),
            a: vec![0; inputs],
            b: vec![0; inputs],
            args: Vec::new(),
            runs: Vec::new(),
            value: 0,
            residuals: Vec::new(),
        };
        let mut place = vec![u32::MAX; record.nodes.len()];
        for (i, p) in place.iter_mut().enumerate().take(inputs) {
            *p = index(i);
        }
        let mut operations = Vec::new();
        for (i, node) in record.nodes.iter().enumerate().skip(inputs) {
            match node.op {
                _ if !needed[i] => {}
                Op::Constant => {
                    place[i] = index(graph.a.len());
                    graph.constants.push(record.constants[node.a as usize]);
                    graph.a.push(0);
                    graph.b.push(0);
                }
                _ => operations.push(i),
            }
        }
        let mut level = vec![0u32; record.nodes.len()];
        for block in operations.chunks(BLOCK) {
            graph.append(record, block, &mut level, &mut place);
        }
        graph.value = place[value as usize];
        graph.residuals = residuals.iter().map(|&(r, factor)| (place[r as usize], factor)).collect();
        graph
    }

    /// Appends one block, sorted so that equal operations stand together behind all of their operands.
    fn append(&mut self, record: &Record, block: &[usize], level: &mut [u32], place: &mut [u32]) {
        let first = block[0];
        for &i in block {
            let mut above = 0;
            each_operand(record, record.nodes[i], |o| {
                if o as usize >= first {
                    above = above.max(level[o as usize] + 1);
                }
            });
            level[i] = above;
        }
        let mut order = block.to_vec();
        order.sort_by_key(|&i| (level[i], record.nodes[i].op, i));
        let mut of_run = (u32::MAX, Op::Input);
        for i in order {
            let node = record.nodes[i];
            let at = self.a.len();
            place[i] = index(at);
            if (level[i], node.op) != of_run {
                of_run = (level[i], node.op);
                self.runs.push(Run { op: node.op, start: at, end: at });
            }
            if let Some(run) = self.runs.last_mut() {
                run.end = at + 1;
            }
            let (a, b) = if node.op.is_list() {
                let start = self.args.len();
                each_operand(record, node, |o| self.args.push(place[o as usize]));
                (index(start), node.b)
            } else {
                (place[node.a as usize], place[node.b as usize])
            };
            self.a.push(a);
            self.b.push(b);
        }
    }
}

/// Which nodes the results depend on. Operands stand before what uses them, so one pass backwards finds all.
fn reachable(record: &Record, value: u32, residuals: &[(u32, f64)]) -> Vec<bool> {
    let mut needed = vec![false; record.nodes.len()];
    needed[value as usize] = true;
    for &(r, _) in residuals {
        needed[r as usize] = true;
    }
    for i in (0..record.nodes.len()).rev() {
        if needed[i] {
            each_operand(record, record.nodes[i], |o| needed[o as usize] = true);
        }
    }
    needed
}

fn each_operand(record: &Record, node: Node, mut see: impl FnMut(u32)) {
    match node.op {
        Op::Input | Op::Constant => {}
        op if op.is_list() => {
            record.args[node.a as usize..(node.a + node.b) as usize].iter().for_each(|&o| see(o));
        }
        op if op.is_binary() || op.has_constant() => {
            see(node.a);
            see(node.b);
        }
        _ => see(node.a),
    }
}
