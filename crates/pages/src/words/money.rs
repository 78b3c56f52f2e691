//! Money and contract: bills, purchases, contract.

words! {
    /// Words of bills.
    BillWords {
        title: "料金", "Bills";
        list: "請求の一覧", "All bills";
        bill_of: "{0}のご請求", "Bill of {0}";
        used_in: "{0}のご利用分", "for usage in {0}";
        amount: "ご請求金額（税込）", "Amount, tax included";
        amount_open: "見込み金額（税込）", "Amount so far, tax included";
        open: "未確定", "Open";
        settled: "確定", "Final";
        paid: "支払済み", "Paid";
        overdue: "お支払い期限超過", "Overdue";
        due: "お支払い期限", "Due";
        due_on: "{0}期限", "due {0}";
        code: "請求番号", "Bill number";
        month: "請求月", "Billing month";
        month_of_use: "ご利用月", "Month of use";
        tax: "うち消費税", "Tax within";
        tax_unknown: "記載がありません", "Not stated";
        state: "状態", "State";
        lines: "内訳", "Items";
        item: "項目", "Item";
        price: "金額", "Amount";
        sum: "合計", "Total";
        lines_incomplete: "内訳がすべてそろっていないため、表示していません。", "Not shown, because some items are not available yet.";
        lines_none: "内訳はまだありません。", "There are no items yet.";
        none: "請求はまだありません。", "There are no bills yet.";
        open_note: "まだ確定していません。金額は変わることがあります。", "Not final yet; the amount may change.";
        overdue_note: "お支払いを確認できていません。行き違いの場合はご容赦ください。", "We have not seen your payment. If it is on its way, please excuse this note.";
        to_list: "請求の一覧へ", "All bills";
    }
    /// Words of purchases.
    PurchaseWords {
        title: "購入履歴", "Purchases";
        list: "購入の一覧", "All purchases";
        none: "この回線での購入はありません。", "Nothing was bought on this line.";
        none_unknown: "購入の情報はまだ届いていません。", "No purchases have arrived yet.";
        code: "購入番号 {0}", "No. {0}";
    }
    /// Words of the contract.
    ContractWords {
        title: "契約内容", "Contract";
        line: "回線", "Line";
        number: "電話番号", "Phone number";
        plan: "プラン", "Plan";
        monthly: "月額（税込）", "Monthly price, tax included";
        status: "状態", "Status";
        from: "利用開始日", "First day";
        to: "利用終了日", "Last day";
        applied: "申込日", "Applied for on";
        service_code: "サービスコード", "Service code";
        line_code: "回線コード", "Line code";
        sim: "SIM の種類", "Kind of SIM";
        iccid: "SIM 番号（ICCID）", "SIM number (ICCID)";
        options: "オプション", "Options";
        five_g: "5G オプション", "5G option";
        share: "データシェア", "Data sharing";
        share_lines: "{0}回線でシェア中", "shared by {0} lines";
        share_none: "していません", "Not shared";
        unknown: "記載がありません", "Not stated";
    }
}
