//! The progress bar: on standard error, on a terminal only.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use plimsoll_engine::inventory::Progress;

/// Draws a scan's progress until it is dropped.
pub(crate) struct Drawing {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drawing {
    /// Starts to draw; does nothing when `wanted` is false or standard error is no terminal.
    pub(crate) fn start(progress: &Arc<Progress>, wanted: bool) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        if !wanted || !std::io::stderr().is_terminal() {
            return Self { stop, thread: None };
        }
        let thread = std::thread::Builder::new().spawn({
            let (stop, progress) = (Arc::clone(&stop), Arc::clone(progress));
            move || draw(&stop, &progress)
        });
        Self {
            stop,
            thread: thread.ok(),
        }
    }
}

impl Drop for Drawing {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

/// Draws what a long piece of work is at, on one line, until it is dropped.
pub(crate) struct Step(Option<ProgressBar>);

impl Step {
    /// Starts to draw; does nothing when `wanted` is false or standard error is no terminal.
    pub(crate) fn start(wanted: bool) -> Self {
        let bar = (wanted && std::io::stderr().is_terminal())
            .then(|| ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10)));
        if let (Some(bar), Ok(style)) = (&bar, ProgressStyle::with_template("{spinner} {wide_msg}"))
        {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Shows what is done now.
    pub(crate) fn show(&self, text: &str) {
        if let Some(bar) = &self.0 {
            bar.set_message(plimsoll_model::text::escape(text).into_owned());
            bar.tick();
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn draw(stop: &AtomicBool, progress: &Progress) {
    // A scan from the cache is over before anyone could read a bar.
    std::thread::park_timeout(Duration::from_millis(300));
    if stop.load(Ordering::Relaxed) {
        return;
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
    let with_total = ProgressStyle::with_template(
        "{spinner} {msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec}",
    );
    let without = ProgressStyle::with_template("{spinner} {msg} {bytes} {bytes_per_sec}");
    let mut shown_total = 0;
    if let Ok(style) = without {
        bar.set_style(style);
    }
    let with_total = with_total.ok();
    while !stop.load(Ordering::Relaxed) {
        let total = progress.total.load(Ordering::Relaxed);
        if total != shown_total {
            shown_total = total;
            bar.set_length(total);
            if let Some(style) = &with_total {
                bar.set_style(style.clone());
            }
        }
        bar.set_position(progress.read.load(Ordering::Relaxed));
        let layers = progress.layers.load(Ordering::Relaxed);
        bar.set_message(if layers == 0 {
            "Opening the image".to_owned()
        } else {
            format!(
                "Reading layers {}/{layers}",
                progress.layers_done.load(Ordering::Relaxed)
            )
        });
        bar.tick();
        std::thread::park_timeout(Duration::from_millis(100));
    }
    bar.finish_and_clear();
}
