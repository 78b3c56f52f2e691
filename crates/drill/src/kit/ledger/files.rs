//! The files of an extract, with the headings of `examples/ledger-a`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::Failure;
use super::sheet::Sheet;

/// All files of one extract, open for writing.
#[derive(Debug)]
pub struct Files {
    dir: PathBuf,
    /// 契約者: accounts.
    pub accounts: Sheet,
    /// 回線: holdings of lines.
    pub lines: Sheet,
    /// データ残量: buckets.
    pub buckets: Sheet,
    /// 購入履歴: purchases.
    pub purchases: Sheet,
    /// 請求: bills.
    pub bills: Sheet,
    /// 請求明細: lines of bills.
    pub bill_lines: Sheet,
    /// お知らせ: notices.
    pub notices: Sheet,
    usage: BTreeMap<(i16, i8), Sheet>,
}

impl Files {
    /// Makes the directory, which must be absent or empty of other extracts, and the files with their headings.
    ///
    /// # Errors
    /// [`Failure`] where a file cannot be written.
    pub fn create(dir: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(dir).map_err(Failure::at("make", dir))?;
        remove_old_usage(dir).map_err(Failure::at("remove old usage of", dir))?;
        let sheet = |name: &str, headings: &[&str]| {
            Sheet::create(dir, name, headings).map_err(Failure::at("write", &dir.join(name)))
        };
        Ok(Self {
            dir: dir.to_owned(),
            accounts: sheet(
                "契約者.csv",
                &["会員ID", "氏名", "フリガナ", "メールアドレス", "生年月日", "登録日", "状態", "更新日時"],
            )?,
            lines: sheet(
                "回線.csv",
                &[
                    "サービスコード",
                    "回線コード",
                    "会員ID",
                    "電話番号",
                    "ICCID",
                    "SIM種別",
                    "料金プラン",
                    "月額",
                    "申込日",
                    "利用開始日",
                    "解約日",
                    "状態",
                    "5Gオプション",
                    "データシェア",
                    "高速通信",
                ],
            )?,
            buckets: sheet(
                "データ残量.csv",
                &[
                    "回線コード",
                    "シェアグループ",
                    "種別",
                    "付与量KB",
                    "残量KB",
                    "有効期限",
                    "購入番号",
                    "時点",
                ],
            )?,
            purchases: sheet(
                "購入履歴.csv",
                &["購入番号", "回線コード", "購入日時", "商品", "容量MB", "金額"],
            )?,
            bills: sheet(
                "請求.csv",
                &["請求番号", "会員ID", "請求月", "合計金額", "うち消費税", "状態", "支払期日"],
            )?,
            bill_lines: sheet("請求明細.csv", &["請求番号", "行", "項目", "金額"])?,
            notices: sheet("お知らせ.csv", &["番号", "掲載開始", "区分", "件名", "本文"])?,
            usage: BTreeMap::new(),
        })
    }

    /// `利用量_YYYYMM`: the usage that arrives in that day's month.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn usage_of(&mut self, day: Date) -> io::Result<&mut Sheet> {
        let month = (day.year(), day.month());
        if !self.usage.contains_key(&month) {
            let name = format!("利用量_{:04}{:02}.csv", day.year(), day.month());
            let sheet = Sheet::create(&self.dir, &name, &["通番", "電話番号", "利用日", "高速KB", "低速KB"])?;
            self.usage.insert(month, sheet);
        }
        self.usage.get_mut(&month).ok_or_else(|| io::Error::other("the sheet just made is there"))
    }

    /// Writes out what is still buffered.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn finish(self) -> io::Result<()> {
        let Self { dir: _, accounts, lines, buckets, purchases, bills, bill_lines, notices, usage } = self;
        [accounts, lines, buckets, purchases, bills, bill_lines, notices]
            .into_iter()
            .chain(usage.into_values())
            .try_for_each(Sheet::finish)
    }
}

/// Removes the usage of an earlier extract: its months need not be this one's, and would be taken in with it.
fn remove_old_usage(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let old =
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("利用量_"));
        if old && path.extension().is_some_and(|extension| extension == "csv") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
