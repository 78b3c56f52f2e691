//! Data: home, usage, buckets, high speed.

words! {
    /// Words of home.
    HomeWords {
        title: "ホーム", "Home";
        balance: "データ残量", "Data left";
        balance_shared: "データ残量（シェア合計）", "Data left (shared)";
        of: "/ {0}", "of {0}";
        gauge: "{1} のうち {0} が残っています", "{0} of {1} left";
        until: "{0} は {1}まで", "{0} to use by {1}";
        lasts: "このペースなら月末まで足ります", "At this pace it lasts to the end of the month";
        runs_out: "このペースだと {0}ごろになくなりそうです", "At this pace it runs out around {0}";
        exhausted: "データを使い切りました。低速で使えます。", "No data is left. You can go on at low speed.";
        fair_use: "短い間に多く使われたため、いまは低速です。", "Held at low speed for now by the fair use rule.";
        buckets: "残量と期限の内訳", "What expires when";
        not_known_since: "{0}以降の残量は確認できていません。", "Not known since {0}.";
        not_after: "{0}より後の追加や失効は含まれていません。", "Data added or expired after {0} is not included.";
        share_partial: "シェア中の回線の一部を確認できないため、残量を表示していません。", "Not shown, because part of the shared data is not known.";
        usage_partial: "{0}日分が未反映です", "{0} days are not available yet";
        balance_ended: "利用を終えた回線に残量はありません。", "An ended line has no data left.";
        refresh: "更新", "Refresh";
        low_now: "低速", "Low speed";
        set_on: "設定は ON のままです。", "Your setting is still on.";
        speed: "高速通信", "High speed";
        turn_off: "OFF にする", "Turn off";
        turn_on: "ON にする", "Turn on";
        changing_on: "ON に変更中", "Turning on";
        changing_off: "OFF に変更中", "Turning off";
        speed_unknown: "確認できません", "Not confirmed";
        chosen_low: "低速（ご本人の設定）", "Low speed, as you chose";
        speed_failed: "前回の変更は失敗しました", "The last change failed";
        usage: "利用量", "Used";
        today: "今日", "Today";
        today_unknown: "反映待ち", "Not counted yet";
        month: "{0}の利用", "In {0}";
        first_day: "{0}分は反映中です。翌朝から表示されます。", "{0} has just begun: its usage is shown from tomorrow morning.";
        bill: "{0}のご請求", "Bill of {0}";
        contract: "契約内容", "Contract";
        purchases: "購入履歴", "Purchases";
        five_g: "5G", "5G";
        share: "シェア", "Sharing";
        share_lines: "{0}回線", "{0} lines";
        share_none: "なし", "None";
        plan: "プラン", "Plan";
        recent_notices: "お知らせ {0}件", "Notices ({0})";
        notices_none: "お知らせ", "Notices";
    }
    /// Words of usage.
    UsageWords {
        title: "利用量", "Usage";
        months: "月を選ぶ", "Choose a month";
        of_month: "{0}の利用量", "Usage in {0}";
        earlier: "‹ {0}", "‹ {0}";
        later: "{0} ›", "{0} ›";
        total: "合計", "Total";
        average: "1日あたり", "Per day";
        high: "高速", "High speed";
        low: "低速", "Low speed";
        today: "今日", "Today";
        missing: "取得できず", "Not available";
        day_partial: "一部のみ", "in part";
        chart: "日ごとの利用量", "Usage by day";
        finding: "合計 {0}。最大は{1}の {2}。", "{0} in all. The most was on {1}: {2}.";
        top: "縦軸の上端 {0}", "Full height: {0}";
        table: "表で見る", "Show as a table";
        caption: "{0}の日ごとの利用量", "Usage by day in {0}";
        day: "日", "Day";
        sum: "計", "Sum";
        none: "この月の利用量は、まだ届いていません。", "No usage of this month has arrived yet.";
        partial: "{0}日分は届いていません。合計は届いた日だけのものです。", "{0} days have not arrived. The total counts only the days that have.";
        delay: "当日の利用量は、あとから増えることがあります。", "Today's figure can still grow.";
    }
    /// Words of buckets.
    BucketWords {
        never: "期限なし", "does not expire";
        title: "残量と期限", "Data and expiry";
        total: "残りの合計", "Left in all";
        total_shared: "残りの合計（シェア）", "Left in all (shared)";
        stack: "期限の近い順に並べた残量", "What is left, soonest expiry first";
        order: "使う順", "Order of use";
        rule: "期限の近いものから使われます。同じ期限なら 繰越・基本・プレゼント・追加 の順です。", "The soonest expiry is used first; of equal ones carried over, basic, gift, top-up.";
        place: "{0}番目", "No. {0}";
        left_of: "残り {0} / {1}", "{0} left of {1}";
        until: "{0}まで", "until {0}";
        expired: "期限が切れた分・使い切った分（{0}件）", "Expired or used up ({0})";
        expired_on: "{0}に期限切れ", "expired on {0}";
        used_up: "使い切りました", "used up";
        of_other_line: "シェア中の別の回線の分", "of another line you share with";
        none: "残っているデータはありません。", "No data is left.";
        basic: "基本", "Basic";
        carried_over: "繰越", "Carried over";
        gift: "プレゼント", "Gift";
        top_up: "追加", "Top-up";
        bought: "購入した分", "bought";
    }
    /// Words of high speed.
    SpeedWords {
        title: "高速通信の切り替え", "Switch high speed";
        now: "いまの状態", "Now";
        line: "対象の回線", "Line";
        becomes: "変更後", "Afterwards";
        when: "いつから", "When";
        when_value: "通常 1〜2 分で切り替わります", "Usually within 1 to 2 minutes";
        undo: "戻すとき", "Undo";
        undo_value: "いつでも戻せます（1回線につき 1分に1回）", "Any time (once a minute per line)";
        explain_off: "OFF にすると低速になり、データ残量は減りません。", "Off means low speed; your data is not used up.";
        explain_on: "ON にすると高速になり、データ残量を使います。", "On means high speed; your data is used.";
        turn_off: "OFF にする", "Turn off";
        turn_on: "ON にする", "Turn on";
        cancel: "変更しない", "Leave as it is";
        not_changeable: "この回線ではいま切り替えられません。", "This line cannot be switched now.";
        never_asked: "まだ確認されていません", "Not confirmed yet";
        state_title: "切り替えの状況", "Progress of the change";
        accepted: "受け付けました", "Accepted";
        accepted_on: "ON への変更を受け付けました。網に送ります。", "Your wish for on is accepted and will be sent to the network.";
        accepted_off: "OFF への変更を受け付けました。網に送ります。", "Your wish for off is accepted and will be sent to the network.";
        pending: "網に反映中（通常 1〜2 分）", "Reaching the network (usually 1 to 2 minutes)";
        pending_detail: "網の応答を待っています。まだ変わっていないことがあります。", "Waiting for the network's answer. It may not have changed yet.";
        confirmed_on: "ON になりました", "High speed is on";
        confirmed_off: "OFF になりました", "High speed is off";
        confirmed_detail: "網の応答で確認しました。", "Confirmed by the network's answer.";
        failed_on: "失敗: ON のままです", "Failed: still on";
        failed_off: "失敗: OFF のままです", "Failed: still off";
        failed_plain: "失敗: 前の状態のままです", "Failed: it is as it was";
        failed_detail: "網が変更を受け付けませんでした。もう一度お試しください。", "The network did not take the change. Please try again.";
        unknown: "確認できません", "Cannot be confirmed";
        unknown_on: "ON かもしれません。自動で確認を続けます。", "It may be on. We keep checking.";
        unknown_off: "OFF かもしれません。自動で確認を続けます。", "It may be off. We keep checking.";
        confirmed_step: "網の応答で確認", "Confirmed by the network";
        none: "変更の記録はありません。", "There has been no change.";
        changed_at: "{0} 更新", "updated {0}";
        refresh: "状態を更新", "Refresh";
        again: "もう一度", "Try again";
        to_home: "ホームへ", "Back to home";
        steps: "切り替えの流れ", "Steps of the change";
    }
}
