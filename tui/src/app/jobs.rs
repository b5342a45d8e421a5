//! The conversions screen: what runs, what waits and in which order, as the daemon lists it.

use vodpost_protocol::conversion::{JobView, JobsView, ProgressView};
use vodpost_protocol::ids::VideoId;

use crate::queue;

/// What is known of the queue; nothing before the first answer.
#[derive(Debug, Default)]
pub struct Jobs {
    view: Option<JobsView>,
    selected: Option<VideoId>,
}

impl Jobs {
    #[must_use]
    pub fn view(&self) -> Option<&JobsView> {
        self.view.as_ref()
    }

    #[must_use]
    pub fn rows(&self) -> &[JobView] {
        self.view.as_ref().map_or(&[], |view| &view.jobs)
    }

    #[must_use]
    pub fn selected_place(&self) -> Option<usize> {
        let selected = self.selected?;
        self.rows().iter().position(|job| job.video == selected)
    }

    #[must_use]
    pub fn selected(&self) -> Option<&JobView> {
        self.rows().get(self.selected_place()?)
    }

    pub fn select_by(&mut self, steps: isize) {
        let place = self.selected_place().unwrap_or(0).saturating_add_signed(steps);
        self.select(place);
    }

    /// Moves the selection to a row; beyond the end means the last one.
    pub fn select(&mut self, place: usize) {
        let rows = self.rows();
        self.selected = rows.get(place.min(rows.len().saturating_sub(1))).map(|job| job.video);
    }

    /// A newer answer. A selected job that ended gives its place to the next one.
    pub fn replace(&mut self, view: JobsView) {
        let place = self.selected_place().unwrap_or(0);
        self.view = Some(view);
        if self.selected_place().is_none() {
            self.select(place);
        }
    }

    pub fn progress(&mut self, progress: &ProgressView) {
        let Some(view) = &mut self.view else { return };
        let Some(job) = view.jobs.iter_mut().find(|job| job.video == progress.video) else { return };
        queue::advance(&mut job.conversion, progress);
    }
}
