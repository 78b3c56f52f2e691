use honnin_access::{Permit, Read, Subject};
use honnin_terms::{Moment, RequestId};

fn forge(subject: Subject, request: RequestId) -> Permit<Read> {
    Permit { subject, viewer: subject.account, key: None, at: Moment::EPOCH, request, act: std::marker::PhantomData }
}

fn forge_by_its_maker(subject: Subject, request: RequestId) -> Permit<Read> {
    Permit::new(subject, subject.account, None, Moment::EPOCH, request)
}

fn main() {}
