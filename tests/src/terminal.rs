//! What the terminals of tests have in common, whoever shows them: keys go in, and what is on the screen is looked at.

/// A terminal with a program in it.
pub trait Terminal {
    /// Sends keys as a keyboard would.
    fn send(&mut self, keys: &str);

    /// Waits until the text on the screen satisfies a condition, and returns it.
    ///
    /// # Panics
    /// When it never does.
    fn wait(&self, what: &str, holds: &dyn Fn(&str) -> bool) -> String;

    /// Waits until there is a QR code on the screen that a camera could read, and returns what it says.
    ///
    /// # Panics
    /// When there never is one.
    fn wait_qr(&self) -> String;

    fn wait_text(&self, text: &str) -> String {
        self.wait(&format!("{text:?}"), &|screen| screen.contains(text))
    }
}
