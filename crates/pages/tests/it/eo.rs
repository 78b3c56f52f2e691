//! Esperanto, begun: a third language in one file, for the test that adds it.

use honnin_pages::words::{Manner, en, one_and_other};

honnin_pages::language! {
    tag: "eo", name: "Esperanto",
    manner: Manner {
        form: one_and_other,
        months: ["jan", "feb", "mar", "apr", "maj", "jun", "jul", "aŭg", "sep", "okt", "nov", "dec"],
        weekdays: ["lu", "ma", "me", "ĵa", "ve", "sa", "di"],
        hour_digits: 1,
        group: " ",
        point: ",",
        money: &[("JPY", "", " enoj")],
    },
    base: en::WORDS,
    shell {
        home: "Hejmo",
    }
    dates {
        weekday: "{weekday} {day}-a de {month}",
    }
    home {
        say_enough: "Sufiĉe: restos ĉirkaŭ {left} je la fino de la monato",
        in_days: { One: "post {days} tago", Other: "post {days} tagoj" },
        due_in: { One: "{day}, post {days} tago", Other: "{day}, post {days} tagoj" },
    }
}
