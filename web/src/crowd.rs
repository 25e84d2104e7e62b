//! Who is connected to a listener, and who has to go when it is full.
//!
//! Connections may rest for hours: event listeners keep theirs from one event to the next. So
//! that nobody can lock others out by just connecting, a full listener sends away a guest that
//! asks for nothing: first those who never asked for anything, then those who rest, each time
//! the one that has done so longest. A guest that is being served is never sent away.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// All guests of one listener, by the order in which they came.
#[derive(Debug)]
pub struct Crowd {
    most: usize,
    guests: RefCell<BTreeMap<u64, (Rc<Guest>, AbortHandle)>>,
    /// Counts arrivals and requests: who has a higher number was active later.
    turn: Cell<u64>,
    left: Notify,
}

/// One connection.
#[derive(Debug)]
pub struct Guest {
    crowd: Rc<Crowd>,
    number: u64,
    serving: Cell<usize>,
    was_served: Cell<bool>,
    last_turn: Cell<u64>,
}

impl Crowd {
    /// An empty listener for this many guests.
    #[must_use]
    pub fn new(most: usize) -> Rc<Self> {
        Rc::new(Self {
            most: most.max(1),
            guests: RefCell::default(),
            turn: Cell::new(0),
            left: Notify::new(),
        })
    }

    fn next_turn(&self) -> u64 {
        self.turn.set(self.turn.get() + 1);
        self.turn.get()
    }

    /// Wait until there is room for one more, sending somebody away if that helps.
    pub async fn make_room(&self) {
        while self.guests.borrow().len() >= self.most {
            let left = self.left.notified();
            if let Some(task) = self.least_wanted() {
                task.abort();
            }
            left.await;
        }
    }

    fn least_wanted(&self) -> Option<AbortHandle> {
        let guests = self.guests.borrow();
        let idle = guests
            .values()
            .filter(|(guest, _)| guest.serving.get() == 0);
        let (_, task) =
            idle.min_by_key(|(guest, _)| (guest.was_served.get(), guest.last_turn.get()))?;
        Some(task.clone())
    }

    /// A new guest, who has yet to be given a seat.
    #[must_use]
    pub fn arrive(self: &Rc<Self>) -> Rc<Guest> {
        let number = self.next_turn();
        Rc::new(Guest {
            crowd: Rc::clone(self),
            number,
            serving: Cell::new(0),
            was_served: Cell::new(false),
            last_turn: Cell::new(number),
        })
    }
}

impl Guest {
    /// This task serves the guest: ending it ends the connection. The task must hold the
    /// guest's [`Seat`].
    pub fn is_served_by(self: &Rc<Self>, task: AbortHandle) {
        let mut guests = self.crowd.guests.borrow_mut();
        guests.insert(self.number, (Rc::clone(self), task));
    }

    /// The guest's place, which is free again when this is dropped.
    #[must_use]
    pub fn seat(self: &Rc<Self>) -> Seat {
        Seat(Rc::clone(self))
    }

    /// End the connection, whatever is under way on it.
    pub fn send_away(&self) {
        let task = {
            let guests = self.crowd.guests.borrow();
            guests.get(&self.number).map(|(_, task)| task.clone())
        };
        if let Some(task) = task {
            task.abort();
        }
    }

    /// The guest is being served until the answer is dropped.
    #[must_use]
    pub fn serve(self: &Rc<Self>) -> Serving {
        self.serving.set(self.serving.get() + 1);
        Serving(Rc::clone(self))
    }
}

/// See [`Guest::seat`].
#[derive(Debug)]
pub struct Seat(Rc<Guest>);

impl Drop for Seat {
    fn drop(&mut self) {
        let crowd = &self.0.crowd;
        crowd.guests.borrow_mut().remove(&self.0.number);
        crowd.left.notify_one();
    }
}

/// Something the guest asked for is under way.
#[derive(Debug)]
pub struct Serving(Rc<Guest>);

impl Drop for Serving {
    fn drop(&mut self) {
        let guest = &self.0;
        guest.serving.set(guest.serving.get() - 1);
        guest.was_served.set(true);
        guest.last_turn.set(guest.crowd.next_turn());
        // somebody may wait for a guest that can be sent away
        guest.crowd.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::rt;
    use std::future::pending;

    fn seated(crowd: &Rc<Crowd>) -> (Rc<Guest>, rt::task::JoinHandle<()>) {
        let guest = crowd.arrive();
        let seat = guest.seat();
        let task = rt::spawn(async move {
            pending::<()>().await;
            drop(seat);
        });
        guest.is_served_by(task.abort_handle());
        (guest, task)
    }

    #[actix::test]
    async fn the_least_active_goes_first() {
        let crowd = Crowd::new(4);
        let (busy, _) = seated(&crowd);
        let serving = busy.serve();
        let (regular, _) = seated(&crowd);
        drop(regular.serve());
        let (early, _) = seated(&crowd);
        let (late, _) = seated(&crowd);
        for expected in [&early, &late, &regular] {
            let goes = crowd.least_wanted().unwrap();
            assert_eq!(goes.id(), crowd.guests.borrow()[&expected.number].1.id());
            drop(expected.seat());
        }
        assert!(crowd.least_wanted().is_none());
        drop(serving);
        assert!(crowd.least_wanted().is_some());
    }

    #[actix::test]
    async fn room_is_made_by_sending_away_or_waiting() {
        let crowd = Crowd::new(1);
        let (first, task) = seated(&crowd);
        let serving = first.serve();
        let waiting = rt::spawn({
            let crowd = Rc::clone(&crowd);
            async move { crowd.make_room().await }
        });
        rt::task::yield_now().await;
        assert!(!waiting.is_finished() && !task.is_finished());
        drop(serving);
        assert!(task.await.unwrap_err().is_cancelled());
        waiting.await.unwrap();
    }
}
