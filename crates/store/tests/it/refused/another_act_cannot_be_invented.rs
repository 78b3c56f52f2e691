use honnin_access::Act;

enum Everything {}

impl Act for Everything {}

fn main() {}
