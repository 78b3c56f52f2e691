//! The store, with the calls on record that somebody waited for. What is answered at once waits for nothing and is none.

use std::fmt;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use honnin_store::decorate::{Call, Decorator};
use honnin_store::{Answer, Store};

use super::{Called, Traces};

pub(super) struct Stored {
    pub(super) traces: Arc<Traces>,
    pub(super) inner: Arc<dyn Store>,
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stored").field(&self.inner).finish()
    }
}

impl Decorator for Stored {
    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    #[expect(clippy::disallowed_methods, reason = "how long a call took is what a trace is for")]
    fn around<'a, T: Send + Unpin + 'a>(&'a self, call: Call, answer: Answer<'a, T>) -> Answer<'a, T> {
        let Some(request) = call.request.filter(|request| self.traces.takes(*request)) else { return answer };
        if matches!(answer, Answer::Ready(_)) {
            return answer;
        }
        Answer::later(async move {
            let begun = Instant::now();
            let answer = answer.await;
            let called = Called { name: call.name, ended: SystemTime::now(), took: begun.elapsed() };
            self.traces.called(request, called);
            answer
        })
    }
}

honnin_store::decorate! { [] Stored:
    SessionRows CredentialRows ViewRows DeviceRows NoticeRows SpeedRows FeedRows MergeRows OperatorRows ControlRows CopyRows
    ClaimRows Engine
}
