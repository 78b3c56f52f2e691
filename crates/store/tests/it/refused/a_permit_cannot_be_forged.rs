use honnin_access::{Look, Permit, Read, Subject};
use honnin_terms::{Moment, RequestId};

fn forge(subject: Subject, look: Look, request: RequestId) -> Permit<Read> {
    Permit { subject, look, key: None, at: Moment::EPOCH, request, act: std::marker::PhantomData }
}

fn forge_by_its_maker(subject: Subject, look: Look, request: RequestId) -> Permit<Read> {
    Permit::new(subject, look, None, Moment::EPOCH, request)
}

fn main() {}
