//! Who is who in the sample ledger. All of them are invented.

use jiff::civil::{Date, date};

use super::{Account, Bill, Bucket, Line, Purchase};

const THIS_MONTH_ENDS: Date = date(2026, 11, 30);
const NEXT_MONTH_ENDS: Date = date(2026, 12, 31);

/// What most lines have in common; each says only what differs.
const LINE: Line = Line {
    service: "",
    code: "",
    number: 0,
    iccid: "",
    sim: "音声eSIM",
    plan: 2,
    from: date(2023, 4, 8),
    to: None,
    status: "利用中",
    five_g: true,
    share: "",
    high_speed: true,
    daily_kb: 300_000,
    slow_from: None,
    missing: &[],
    buckets: &[],
    purchases: &[],
};

const fn basic(granted_kb: u64, remaining_kb: u64) -> Bucket {
    Bucket { kind: "基本", granted_kb, remaining_kb, expires: NEXT_MONTH_ENDS, purchase: "" }
}

const fn carried(granted_kb: u64, remaining_kb: u64) -> Bucket {
    Bucket { kind: "繰越", granted_kb, remaining_kb, expires: THIS_MONTH_ENDS, purchase: "" }
}

const fn gift(granted_kb: u64, remaining_kb: u64, expires: Date) -> Bucket {
    Bucket { kind: "プレゼント", granted_kb, remaining_kb, expires, purchase: "" }
}

const fn top_up(granted_kb: u64, remaining_kb: u64, expires: Date, purchase: &'static str) -> Bucket {
    Bucket { kind: "追加", granted_kb, remaining_kb, expires, purchase }
}

const fn bill(
    id: &'static str,
    month: i8,
    state: &'static str,
    lines: &'static [(&'static str, i64)],
) -> Bill {
    Bill { id, month: date(2026, month, 1), state, lines }
}

/// One person, one line; 8 November has no row of usage.
const MINATO: Account = Account {
    id: "mio10482913",
    name: "朝霧　みなと",
    kana: "ｱｻｷﾞﾘ ﾐﾅﾄ",
    mail: "minato@example.jp",
    born: date(1991, 5, 17),
    since: date(2023, 4, 3),
    lines: &[Line {
        service: "hdc51730268",
        code: "hdo20846173",
        number: 5_210_934,
        iccid: "8981300417265093841",
        missing: &[date(2026, 11, 8)],
        buckets: &[carried(10_000_000, 1_083_265), basic(10_000_000, 6_214_370)],
        ..LINE
    }],
    bills: &[
        bill(
            "bil11730482",
            8,
            "支払済",
            &[("基本料金（10ギガプラン）", 1500), ("通話料", 264), ("ユニバーサルサービス料", 3)],
        ),
        bill(
            "bil11730519",
            9,
            "支払済",
            &[("基本料金（10ギガプラン）", 1500), ("通話料", 88), ("ユニバーサルサービス料", 3)],
        ),
        bill(
            "bil11730566",
            10,
            "確定",
            &[("基本料金（10ギガプラン）", 1500), ("通話料", 418), ("ユニバーサルサービス料", 3)],
        ),
    ],
};

const FAMILY_GROUP: &str = "grp52817440";

/// A family of four lines that share their data: every kind of bucket, one expired, one about to.
const SHIORI: Account = Account {
    id: "mio30617284",
    name: "﨑山　汐里",
    kana: "ｻｷﾔﾏ ｼｵﾘ",
    mail: "shiori@example.jp",
    born: date(1982, 9, 2),
    since: date(2021, 6, 11),
    lines: &[
        Line {
            service: "hdc60381745",
            code: "hdo31740926",
            number: 27_048_120,
            iccid: "8981300592816640375",
            plan: 4,
            from: date(2021, 6, 15),
            share: FAMILY_GROUP,
            daily_kb: 620_000,
            buckets: &[
                carried(25_000_000, 3_412_608),
                basic(25_000_000, 17_905_114),
                top_up(2_000_000, 1_846_027, date(2027, 2, 28), "ord40183327"),
            ],
            purchases: &[Purchase { id: "ord40183327", at: "2026/11/10 18:25", gigabytes: 2 }],
            ..LINE
        },
        Line {
            service: "hdc60381812",
            code: "hdo31740983",
            number: 13_480_115,
            iccid: "8981300592816640458",
            sim: "音声SIM",
            plan: 3,
            from: date(2021, 6, 15),
            five_g: false,
            share: FAMILY_GROUP,
            daily_kb: 410_000,
            buckets: &[
                gift(1_000_000, 640_519, date(2026, 11, 22)),
                basic(15_000_000, 9_377_216),
                top_up(1_000_000, 0, date(2027, 1, 31), "ord39952014"),
            ],
            purchases: &[Purchase { id: "ord39952014", at: "2026/10/28 07:40", gigabytes: 1 }],
            ..LINE
        },
        Line {
            service: "hdc60382090",
            code: "hdo31741165",
            number: 4_671_802,
            iccid: "8981300592816641206",
            from: date(2024, 3, 20),
            share: FAMILY_GROUP,
            daily_kb: 780_000,
            missing: &[date(2026, 10, 17), date(2026, 10, 18)],
            buckets: &[
                Bucket { expires: date(2026, 10, 31), ..carried(10_000_000, 412_870) },
                basic(10_000_000, 2_018_443),
            ],
            ..LINE
        },
        Line {
            service: "hdc60382147",
            code: "hdo31741239",
            number: 22_904_556,
            iccid: "8981300592816641388",
            sim: "データSIM",
            plan: 1,
            from: date(2025, 12, 24),
            five_g: false,
            share: FAMILY_GROUP,
            daily_kb: 90_000,
            buckets: &[gift(500_000, 127_338, NEXT_MONTH_ENDS), basic(5_000_000, 4_530_902)],
            ..LINE
        },
    ],
    bills: &[
        bill(
            "bil20943107",
            9,
            "支払済",
            &[
                ("基本料金（4回線）", 6290),
                ("通話料", 1342),
                ("ユニバーサルサービス料", 9),
                ("家族割引", -330),
            ],
        ),
        bill(
            "bil20943158",
            10,
            "確定",
            &[
                ("基本料金（4回線）", 6290),
                ("通話料", 957),
                ("データ追加1GB", 220),
                ("ユニバーサルサービス料", 9),
                ("家族割引", -330),
            ],
        ),
        bill(
            "bil20943204",
            11,
            "未確定",
            &[
                ("基本料金（4回線）", 6290),
                ("通話料", 603),
                ("データ追加2GB", 440),
                ("ユニバーサルサービス料", 9),
            ],
        ),
    ],
};

/// The number that two of them had, one after the other.
const RECYCLED: u64 = 16_135_842;

/// Gave up a number on 20 October; his usage of the 18th arrives in November.
const AOI: Account = Account {
    id: "mio47295016",
    name: "渡良瀬　蒼",
    kana: "ﾜﾀﾗｾ ｱｵｲ",
    mail: "aoi@example.jp",
    born: date(1975, 1, 30),
    since: date(2020, 11, 9),
    lines: &[
        Line {
            service: "hdc41902657",
            code: "hdo44071825",
            number: RECYCLED,
            iccid: "8981300118402957736",
            sim: "音声SIM",
            from: date(2020, 11, 14),
            to: Some(date(2026, 10, 20)),
            status: "解約",
            five_g: false,
            daily_kb: 240_000,
            missing: &[date(2026, 10, 18)],
            ..LINE
        },
        Line {
            service: "hdc77193084",
            code: "hdo77310462",
            number: 8_350_271,
            iccid: "8981300674410283915",
            plan: 0,
            from: date(2026, 10, 6),
            daily_kb: 45_000,
            buckets: &[basic(2_000_000, 1_372_409)],
            ..LINE
        },
    ],
    bills: &[
        bill("bil33860271", 8, "支払済", &[("基本料金（10ギガプラン）", 1500), ("通話料", 2046)]),
        bill("bil33860325", 9, "支払済", &[("基本料金（10ギガプラン）", 1500), ("通話料", 1738)]),
        bill(
            "bil33860390",
            10,
            "確定",
            &[("基本料金（10ギガプラン）", 1500), ("基本料金（2ギガプラン、日割り）", 713), ("通話料", 572)],
        ),
    ],
};

/// Was given that number on 2 November and has nothing from before.
const TSUMUGI: Account = Account {
    id: "mio58830247",
    name: "髙遠　つむぎ",
    kana: "ﾀｶﾄｵ ﾂﾑｷﾞ",
    mail: "tsumugi@example.jp",
    born: date(2004, 3, 21),
    since: date(2026, 10, 30),
    lines: &[Line {
        service: "hdc88240513",
        code: "hdo61928534",
        number: RECYCLED,
        iccid: "8981300893157720461",
        plan: 3,
        from: date(2026, 11, 2),
        daily_kb: 510_000,
        buckets: &[basic(15_000_000, 5_846_731)],
        ..LINE
    }],
    bills: &[bill(
        "bil58040117",
        11,
        "未確定",
        &[("基本料金（15ギガプラン、日割り）", 1740), ("契約事務手数料", 3300), ("通話料", 66)],
    )],
};

/// A line the operator has stopped for a while, at his own wish.
const KEI: Account = Account {
    id: "mio62149780",
    name: "水無月　圭",
    kana: "ﾐﾅﾂﾞｷ ｹｲ",
    mail: "kei@example.jp",
    born: date(1968, 7, 8),
    since: date(2019, 2, 25),
    lines: &[Line {
        service: "hdc29061438",
        code: "hdo15839027",
        number: 29_167_380,
        iccid: "8981300236659048172",
        sim: "音声SIM",
        plan: 1,
        from: date(2019, 3, 2),
        status: "利用停止中",
        five_g: false,
        daily_kb: 70_000,
        missing: &[date(2026, 11, 17), date(2026, 11, 18), date(2026, 11, 19)],
        buckets: &[carried(5_000_000, 2_650_184), basic(5_000_000, 4_988_325)],
        ..LINE
    }],
    bills: &[
        bill("bil42617730", 8, "支払済", &[("基本料金（5ギガプラン）", 990), ("通話料", 22)]),
        bill("bil42617789", 9, "支払済", &[("基本料金（5ギガプラン）", 990), ("通話料", 44)]),
        bill("bil42617835", 10, "確定", &[("基本料金（5ギガプラン）", 990), ("通話料", 110)]),
    ],
};

/// Has used up everything; since 12 November the line is slow.
const KAEDE: Account = Account {
    id: "mio73508461",
    name: "鈴懸　楓",
    kana: "ｽｽﾞｶｹ ｶｴﾃﾞ",
    mail: "kaede@example.jp",
    born: date(1999, 12, 12),
    since: date(2024, 8, 19),
    lines: &[Line {
        service: "hdc36507192",
        code: "hdo52673810",
        number: 11_728_049,
        iccid: "8981300457032291684",
        plan: 1,
        from: date(2024, 8, 23),
        daily_kb: 430_000,
        slow_from: Some(date(2026, 11, 12)),
        buckets: &[carried(5_000_000, 0), basic(5_000_000, 0)],
        ..LINE
    }],
    bills: &[
        bill("bil64102283", 8, "支払済", &[("基本料金（5ギガプラン）", 990), ("データ追加1GB", 220)]),
        bill("bil64102327", 9, "支払済", &[("基本料金（5ギガプラン）", 990), ("データ追加2GB", 440)]),
        bill("bil64102391", 10, "確定", &[("基本料金（5ギガプラン）", 990), ("通話料", 176)]),
    ],
};

/// Has switched high speed off since 5 November, to save what is left.
const HARUKA: Account = Account {
    id: "mio85926307",
    name: "日向野　遥",
    kana: "ﾋｶﾞﾉ ﾊﾙｶ",
    mail: "haruka@example.jp",
    born: date(1987, 4, 29),
    since: date(2022, 1, 7),
    lines: &[Line {
        service: "hdc74820936",
        code: "hdo90416258",
        number: 2_059_637,
        iccid: "8981300780946315520",
        plan: 0,
        from: date(2022, 1, 13),
        high_speed: false,
        daily_kb: 55_000,
        slow_from: Some(date(2026, 11, 5)),
        buckets: &[carried(2_000_000, 731_906), basic(2_000_000, 1_795_542)],
        ..LINE
    }],
    bills: &[
        bill("bil75391046", 8, "支払済", &[("基本料金（2ギガプラン）", 850), ("通話料", 132)]),
        bill("bil75391098", 9, "支払済", &[("基本料金（2ギガプラン）", 850), ("通話料", 154)]),
        bill("bil75391150", 10, "確定", &[("基本料金（2ギガプラン）", 850), ("通話料", 198)]),
    ],
};

/// Two lines that share nothing, and a bill of September that is overdue.
const RIKU: Account = Account {
    id: "mio91374058",
    name: "雲井　陸",
    kana: "ｸﾓｲ ﾘｸ",
    mail: "riku@example.jp",
    born: date(1994, 10, 5),
    since: date(2022, 9, 28),
    lines: &[
        Line {
            service: "hdc95318640",
            code: "hdo68205914",
            number: 25_846_190,
            iccid: "8981300961527408837",
            plan: 5,
            from: date(2022, 10, 1),
            daily_kb: 1_150_000,
            buckets: &[
                carried(35_000_000, 4_870_251),
                basic(35_000_000, 30_116_408),
                top_up(1_000_000, 903_677, date(2027, 2, 28), "ord51630842"),
            ],
            purchases: &[
                Purchase { id: "ord48807126", at: "2026/10/03 22:04", gigabytes: 5 },
                Purchase { id: "ord51630842", at: "2026/11/16 21:12", gigabytes: 1 },
            ],
            ..LINE
        },
        Line {
            service: "hdc95318733",
            code: "hdo68206007",
            number: 18_203_475,
            iccid: "8981300961527409114",
            sim: "データSIM",
            plan: 0,
            from: date(2025, 7, 19),
            five_g: false,
            daily_kb: 38_000,
            buckets: &[carried(2_000_000, 1_214_063), basic(2_000_000, 1_958_720)],
            ..LINE
        },
    ],
    bills: &[
        bill("bil87250361", 8, "支払済", &[("基本料金（2回線）", 3250), ("通話料", 1210)]),
        bill("bil87250412", 9, "延滞", &[("基本料金（2回線）", 3250), ("通話料", 2894)]),
        bill(
            "bil87250477",
            10,
            "確定",
            &[("基本料金（2回線）", 3250), ("データ追加5GB", 1100), ("通話料", 781)],
        ),
    ],
};

/// All of them.
pub(super) const CAST: [Account; 8] = [MINATO, SHIORI, AOI, TSUMUGI, KEI, KAEDE, HARUKA, RIKU];

/// Notices: number, shown from, kind, subject, text.
pub(super) const NOTICES: [[&str; 5]; 3] = [
    [
        "N-0001",
        "2026/11/05 10:00",
        "重要",
        "12月2日 深夜のメンテナンスについて",
        "12月2日 1:00から4:00まで、データの追加購入ができません。通信と通話、残量の確認はいつもどおりお使いいただけます。",
    ],
    [
        "N-0002",
        "2026/11/18 14:30",
        "障害",
        "一部地域でデータ通信がつながりにくい事象（復旧）",
        "11月18日 13:10から14:05まで、一部の地域でデータ通信がつながりにくくなっていました。現在は復旧しています。ご不便をおかけし、申し訳ありませんでした。",
    ],
    [
        "N-0003",
        "2026/11/19 10:00",
        "重要",
        "年末年始の電話窓口について",
        "12月30日から1月3日まで、電話窓口はお休みです。マイページはいつもどおりお使いいただけます。",
    ],
];
