//! Carts, read naively.

use super::super::world::Touch;
use super::Naive;
use customer360_model::activity::{Activity, Cart};

impl Naive<'_> {
    pub(super) fn cart(touch: &Touch) -> Option<&Cart> {
        match &touch.details.activity {
            Activity::CartUpdated(cart) | Activity::CheckoutStarted(cart) => Some(cart),
            _ => None,
        }
    }

    /// Nothing is in it, as far as it says anything.
    fn is_empty(cart: &Cart) -> bool {
        let is_left = cart.lines.iter().any(|line| line.quantity_milli != 0);
        !is_left && (!cart.lines.is_empty() || cart.value.is_some_and(|value| value.minor == 0))
    }

    /// Carts opened in range and scope, when they held something first, and not emptied within W.
    pub(super) fn carts<'t>(&self, all: &[&'t Touch]) -> Vec<&'t Touch> {
        let emptied = |t: &Touch, cart: &Cart| {
            let later = self.after(all, t, self.window.days).into_iter().take_while(|e| !self.is_order(e));
            let its = later.filter_map(Self::cart).filter(|other| other.cart_id == cart.cart_id);
            its.last().is_some_and(Self::is_empty)
        };
        let opens = |t: &&&Touch| {
            let Some(cart) = Self::cart(t).filter(|cart| !Self::is_empty(cart)) else { return false };
            let earlier = all.iter().take_while(|e| e.number != t.number);
            let mut known = false;
            for e in earlier {
                known &= !(cart.cart_id.is_empty() && self.is_order(e));
                known |= Self::cart(e)
                    .is_some_and(|other| other.cart_id == cart.cart_id && !Self::is_empty(other));
            }
            !known && self.counts(t) && !emptied(t, cart)
        };
        all.iter().filter(opens).copied().collect()
    }
}
