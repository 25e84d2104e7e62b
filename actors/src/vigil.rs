//! Staying awake for an answer that is about to come.
//!
//! Putting a thread to sleep and waking it costs more than many a reply takes: a listener that
//! answers each event at once, a client that calls in a row. A [`Vigil`] keeps its thread looking
//! for readiness for [`WINDOW`] after something was sent, if answers have been coming so soon, and
//! gives that up when one does not. Who has nothing in flight sleeps: idle still costs nothing
//! (docs/decisions/0009-vigil.md).

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::thread::available_parallelism;
// real time: this is about the processor, not about deadlines
use std::time::{Duration, Instant};

/// How long to stay awake at most, and how soon an answer must come to be worth it.
pub const WINDOW: Duration = Duration::from_micros(60);

/// How many answers must come soon, one after another, before the first vigil, and again after
/// one in vain.
const PROMPT: u32 = 8;

/// Whether answers tend to come soon.
#[derive(Clone, Copy, Debug, Default)]
struct Habit {
    /// When the last thing was sent that is not answered yet.
    sent: Option<Duration>,
    /// Answers that came soon, one after another.
    prompt: u32,
}

impl Habit {
    /// Something was sent; true if it is worth staying awake for the answer.
    fn sent(&mut self, now: Duration) -> bool {
        self.sent = Some(now);
        self.prompt >= PROMPT
    }

    /// An answer came. Without a vigil it has to wake us first, so it may take twice as long.
    fn came(&mut self, now: Duration) {
        let Some(sent) = self.sent.take() else {
            return;
        };
        if now.saturating_sub(sent) <= 2 * WINDOW {
            self.prompt = self.prompt.saturating_add(1);
        } else {
            self.prompt = 0;
        }
    }

    /// A vigil was in vain.
    fn in_vain(&mut self) {
        self.prompt = 0;
    }
}

struct Watch {
    began: Instant,
    habit: RefCell<Habit>,
    /// While staying awake: until when, since `began`.
    until: Cell<Option<Duration>>,
}

/// See the module. Of one thread; cheap to clone.
#[derive(Clone)]
pub struct Vigil(Option<Rc<Watch>>);

impl Vigil {
    /// A vigil for this thread. Where there is one processor, staying awake would keep from
    /// running whoever is to answer, so it never does.
    #[must_use]
    pub fn new() -> Self {
        let several = available_parallelism().is_ok_and(|n| n.get() > 1);
        Self(several.then(|| {
            Rc::new(Watch {
                began: Instant::now(),
                habit: RefCell::default(),
                until: Cell::new(None),
            })
        }))
    }

    /// Something was sent, or will be before this thread sleeps, and an answer is wanted.
    pub fn sent(&self) {
        let Some(watch) = &self.0 else { return };
        let now = watch.began.elapsed();
        if !watch.habit.borrow_mut().sent(now) {
            return;
        }
        let asleep = watch.until.replace(Some(now + WINDOW)).is_none();
        if asleep {
            tokio::task::spawn_local(Rc::clone(watch).stay_awake());
        }
    }

    /// An answer came.
    pub fn came(&self) {
        let Some(watch) = &self.0 else { return };
        let now = watch.began.elapsed();
        watch.habit.borrow_mut().came(now);
        if watch.until.get().is_some() {
            // the vigil is over, its task sees it on its next turn
            watch.until.set(Some(Duration::ZERO));
        }
    }
}

impl Default for Vigil {
    fn default() -> Self {
        Self::new()
    }
}

impl Watch {
    /// Yield again and again: everything else that is ready has its turn in between, and the
    /// runtime looks for readiness without sleeping.
    async fn stay_awake(self: Rc<Self>) {
        while let Some(until) = self.until.get() {
            if self.began.elapsed() < until {
                tokio::task::yield_now().await;
                continue;
            }
            if until > Duration::ZERO {
                self.habit.borrow_mut().in_vain();
            }
            self.until.set(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn us(n: u64) -> Duration {
        Duration::from_micros(n)
    }

    fn prompt(habit: &mut Habit, at: u64) {
        let _ = habit.sent(us(at));
        habit.came(us(at + 90));
    }

    #[test]
    fn only_a_habit_of_prompt_answers_is_waited_for() {
        let mut habit = Habit::default();
        for round in 0..PROMPT {
            assert!(!habit.sent(us(0)), "{round}");
            prompt(&mut habit, 1000 * u64::from(round));
        }
        assert!(habit.sent(us(50_000)));
        habit.came(us(50_000) + 3 * WINDOW);
        assert!(!habit.sent(us(60_000)), "one came late");
    }

    #[test]
    fn a_vigil_in_vain_is_not_repeated_soon() {
        let mut habit = Habit::default();
        (0..PROMPT).for_each(|round| prompt(&mut habit, 1000 * u64::from(round)));
        assert!(habit.sent(us(50_000)));
        habit.in_vain();
        assert!(!habit.sent(us(60_000)));
    }

    #[test]
    fn what_nobody_asked_for_is_no_answer() {
        let mut habit = Habit::default();
        (0..100).for_each(|_| habit.came(us(1)));
        assert!(!habit.sent(us(2)));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_vigil_ends_by_itself() {
        tokio::task::LocalSet::new()
            .run_until(async {
                let vigil = Vigil::new();
                let Some(watch) = vigil.0.clone() else { return };
                for _ in 0..PROMPT {
                    // the answer comes in the same breath
                    vigil.sent();
                    watch.habit.borrow_mut().sent = Some(watch.began.elapsed());
                    vigil.came();
                }
                vigil.sent();
                assert!(watch.until.get().is_some());
                while watch.until.get().is_some() {
                    tokio::task::yield_now().await;
                }
                assert_eq!(watch.habit.borrow().prompt, 0);
            })
            .await;
    }
}
