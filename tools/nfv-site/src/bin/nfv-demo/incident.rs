//! The incident: a scenario that the lab plays and judges.

use crate::show::Show;
use crate::verdicts::Found;

/// Plays it to its end.
pub async fn play(show: &mut Show, scenario: String) -> anyhow::Result<()> {
    show.site.cloud().scenario(scenario).await?;
    let report = loop {
        show.go_on().await?;
        let report = show.site.cloud().report().await?;
        if report.finished {
            break report;
        }
        let met = report.expectations.iter().filter(|expectation| expectation.standing == "met").count();
        show.line
            .show_status(&format!("the incident: {met} of {} expectations met", report.expectations.len()));
    };
    for expectation in report.expectations {
        let found = Found::when(expectation.standing == "met", || expectation.found);
        show.verdicts.add(&expectation.name, found);
    }
    Ok(())
}
