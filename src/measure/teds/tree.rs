//! The edit distance of two ordered trees.
//!
//! Reference: K. Zhang and D. Shasha, *Simple fast algorithms for the editing
//! distance between trees and related problems*, SIAM J. Computing 18(6), 1989.

/// An ordered tree: its nodes with each child before its parent, the root last.
#[derive(Debug, Default)]
pub(super) struct Tree<T> {
    pub(super) nodes: Vec<T>,
    /// For each node, the first leaf below it, or itself.
    leaves: Vec<usize>,
}

impl<T> Tree<T> {
    pub(super) fn new() -> Self {
        Self {
            nodes: Vec::new(),
            leaves: Vec::new(),
        }
    }

    /// Adds a node; its first descendant is the node `first`, or it has none.
    pub(super) fn push(&mut self, node: T, first: Option<usize>) {
        let leaf = first.map_or(self.nodes.len(), |first| self.leaves[first]);
        self.nodes.push(node);
        self.leaves.push(leaf);
    }

    /// The nodes at which a distance has to begin: for each first leaf the highest node above it.
    fn keyroots(&self) -> Vec<usize> {
        let mut highest = vec![None; self.nodes.len()];
        for (node, &leaf) in self.leaves.iter().enumerate() {
            highest[leaf] = Some(node);
        }
        let mut roots: Vec<usize> = highest.into_iter().flatten().collect();
        roots.sort_unstable();
        roots
    }

    /// How many nodes lie below all the keyroots together: the product of two trees' is the work to come.
    pub(super) fn work(&self) -> usize {
        self.keyroots()
            .iter()
            .map(|&root| root + 1 - self.leaves[root])
            .sum()
    }
}

/// The least cost of turning `a` into `b`: 1 for a node that is deleted or inserted, `rename` for one that is kept.
///
/// Takes two tables of numbers with as many cells as the product of the sizes.
pub(super) fn distance<T>(a: &Tree<T>, b: &Tree<T>, rename: impl Fn(&T, &T) -> f64) -> f64 {
    let (rows, columns) = (a.nodes.len(), b.nodes.len());
    if rows == 0 || columns == 0 {
        return (rows + columns) as f64;
    }
    let mut work = Work {
        a,
        b,
        rename,
        trees: vec![0.0; rows * columns],
        forests: vec![0.0; (rows + 1) * (columns + 1)],
    };
    let of_b = b.keyroots();
    for i in a.keyroots() {
        of_b.iter().for_each(|&j| work.fill(i, j));
    }
    work.trees[rows * columns - 1]
}

struct Work<'a, T, F> {
    a: &'a Tree<T>,
    b: &'a Tree<T>,
    rename: F,
    /// The distances of the trees below each two nodes, as far as they are known.
    trees: Vec<f64>,
    /// The distances of the forests below two keyroots.
    forests: Vec<f64>,
}

impl<T, F: Fn(&T, &T) -> f64> Work<'_, T, F> {
    /// The distances of all trees below two keyroots that share their first leaf.
    fn fill(&mut self, i: usize, j: usize) {
        let (first_a, first_b) = (self.a.leaves[i], self.b.leaves[j]);
        let width = j + 2 - first_b;
        (0..width).for_each(|column| self.forests[column] = column as f64);
        for x in first_a..=i {
            let row = x + 1 - first_a;
            self.forests[row * width] = row as f64;
            for y in first_b..=j {
                let column = y + 1 - first_b;
                let at = row * width + column;
                let deleted = self.forests[at - width] + 1.0;
                let inserted = self.forests[at - 1] + 1.0;
                let whole = self.a.leaves[x] == first_a && self.b.leaves[y] == first_b;
                let kept = if whole {
                    self.forests[at - width - 1] + (self.rename)(&self.a.nodes[x], &self.b.nodes[y])
                } else {
                    let before = (self.a.leaves[x] - first_a) * width + (self.b.leaves[y] - first_b);
                    self.forests[before] + self.trees[x * self.b.nodes.len() + y]
                };
                self.forests[at] = kept.min(deleted).min(inserted);
                if whole {
                    self.trees[x * self.b.nodes.len() + y] = self.forests[at];
                }
            }
        }
    }
}
