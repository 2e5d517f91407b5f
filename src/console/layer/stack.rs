//! What lies on top of a pane, one over the other, and the ticket of each: what a layer asks for under it is answered to it,
//! whatever lies above it by then.

use super::{Heard, Layer};
use crate::console::message::{Done, Lane, Ticket};
use crate::domain::Result;

/// The stack. A layer that has a ticket never had the ticket of another one.
#[derive(Default)]
pub struct Stack {
    /// The topmost last.
    layers: Vec<(Ticket, Box<dyn Layer>)>,
    /// The last one that was given out.
    last: Ticket,
}

impl Stack {
    /// Puts a layer on top.
    pub fn push(&mut self, layer: Box<dyn Layer>) {
        self.last = Ticket(self.last.0 + 1);
        self.layers.push((self.last, layer));
    }

    /// Takes the top one away. Gives the lane of a question that it alone waited for.
    pub fn pop(&mut self) -> Option<Lane> {
        let (_, layer) = self.layers.pop()?;
        layer.waits_in()
    }

    /// Takes all away. Gives the lanes of questions that they alone waited for.
    pub fn clear(&mut self) -> Vec<Lane> {
        self.layers
            .drain(..)
            .filter_map(|(_, layer)| layer.waits_in())
            .collect()
    }

    /// Whether the pane has all keys.
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.layers.len()
    }

    /// The top one.
    pub fn top(&self) -> Option<&dyn Layer> {
        self.layers.last().map(|(_, layer)| layer.as_ref())
    }

    /// The ticket of the top one.
    pub fn ticket(&self) -> Option<Ticket> {
        self.layers.last().map(|(ticket, _)| *ticket)
    }

    /// The top one, for a change.
    pub fn top_mut(&mut self) -> Option<(Ticket, &mut dyn Layer)> {
        self.layers
            .last_mut()
            .map(|(ticket, layer)| (*ticket, layer.as_mut() as _))
    }

    /// All of them, the topmost last.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Layer> {
        self.layers.iter().map(|(_, layer)| layer.as_ref())
    }

    /// All of them with their tickets, for a change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Ticket, &mut dyn Layer)> {
        self.layers
            .iter_mut()
            .map(|(ticket, layer)| (*ticket, layer.as_mut() as _))
    }

    /// Tells the layer that has this ticket what was done, and takes it away when that was all it waited for. `None` when it is
    /// gone.
    pub fn hear(&mut self, ticket: Ticket, done: &Result<Done>) -> Option<Heard> {
        let at = self.layers.iter().position(|(of, _)| *of == ticket)?;
        let (_, layer) = self.layers.get_mut(at)?;
        let heard = layer.done(done);
        if matches!(heard, Heard::Closes) {
            self.layers.remove(at);
        }
        Some(heard)
    }
}
