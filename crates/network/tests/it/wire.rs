//! The way to a simulated element, on which orders and answers get lost or late as a test says.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use honnin_access::Answer;
use honnin_network::{Element, Fence, LineAddress, QueryAnswer, SetAnswer, Simulated, Simulation, Speed};
use honnin_terms::ElementSession;
use tokio::time::sleep;

/// What happens to an order on its way. Without a word from the test it arrives and is answered.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    /// It never arrives.
    Lost,
    /// It is done, and the answer never comes.
    AnswerLost,
    /// It arrives so much later, when nobody waits for the answer any more.
    Late(Duration),
}

#[derive(Clone)]
pub(crate) struct Wire {
    element: Arc<Simulated>,
    pub(crate) ways: Arc<Mutex<VecDeque<Way>>>,
    pub(crate) silent: Arc<AtomicBool>,
    pub(crate) orders: Arc<Mutex<Vec<(bool, Fence)>>>,
    pub(crate) answers: Arc<Mutex<Vec<SetAnswer>>>,
    /// What was named in each question.
    pub(crate) questions: Arc<Mutex<Vec<Option<ElementSession>>>>,
    /// And in each order.
    pub(crate) named: Arc<Mutex<Vec<Option<ElementSession>>>>,
}

impl Wire {
    pub(crate) fn to(simulation: Simulation) -> Self {
        Self {
            element: Arc::new(Simulated::new(simulation)),
            ways: Arc::default(),
            silent: Arc::default(),
            orders: Arc::default(),
            answers: Arc::default(),
            questions: Arc::default(),
            named: Arc::default(),
        }
    }

    pub(crate) fn sent(&self) -> Vec<bool> {
        self.orders.lock().unwrap().iter().map(|(high, _)| *high).collect()
    }

    pub(crate) fn asked(&self) -> usize {
        self.questions.lock().unwrap().len()
    }
}

impl Element for Wire {
    fn name(&self) -> &'static str {
        self.element.name()
    }

    fn set<'a>(
        &'a self,
        line: &'a LineAddress,
        speed: Speed,
        fence: Fence,
        deadline: Duration,
    ) -> Answer<'a, SetAnswer> {
        self.orders.lock().unwrap().push((speed.high, fence));
        self.named.lock().unwrap().push(line.session().cloned());
        let way = self.ways.lock().unwrap().pop_front();
        let silent = self.silent.load(Ordering::SeqCst);
        Answer::later(async move {
            match way {
                _ if silent => sleep(deadline).await,
                None => {
                    let answer = self.element.set(line, speed, fence, deadline).await;
                    self.answers.lock().unwrap().push(answer.clone());
                    return answer;
                }
                Some(Way::Lost) => sleep(deadline).await,
                Some(Way::AnswerLost) => {
                    let answer = self.element.set(line, speed, fence, deadline).await;
                    self.answers.lock().unwrap().push(answer);
                    sleep(deadline).await;
                }
                Some(Way::Late(delay)) => {
                    let (wire, line) = (self.clone(), line.clone());
                    drop(tokio::spawn(async move {
                        sleep(delay).await;
                        let answer = wire.element.set(&line, speed, fence, deadline).await;
                        wire.answers.lock().unwrap().push(answer);
                    }));
                    sleep(deadline).await;
                }
            }
            SetAnswer::NoAnswer
        })
    }

    fn query<'a>(&'a self, line: &'a LineAddress, deadline: Duration) -> Answer<'a, QueryAnswer> {
        self.questions.lock().unwrap().push(line.session().cloned());
        let silent = self.silent.load(Ordering::SeqCst);
        Answer::later(async move {
            if silent {
                sleep(deadline).await;
                return QueryAnswer::NoAnswer;
            }
            self.element.query(line, deadline).await
        })
    }
}
