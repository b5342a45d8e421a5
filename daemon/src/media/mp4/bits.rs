//! Single bits, most significant first, with the Exp-Golomb codes of ITU-T H.264, 9.1.

pub(super) struct Bits<'a> {
    data: &'a [u8],
    position: usize,
}

impl<'a> Bits<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, position: 0 }
    }

    /// How many bits are left.
    pub(super) fn left(&self) -> usize {
        (self.data.len() * 8).saturating_sub(self.position)
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        let byte = *self.data.get(self.position / 8)?;
        let bit = byte >> (7 - self.position % 8) & 1;
        self.position += 1;
        Some(bit == 1)
    }

    /// At most 32 bits.
    pub(super) fn number(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0u32, |value, _| Some(value << 1 | u32::from(self.flag()?)))
    }

    /// `ue(v)`
    pub(super) fn unsigned(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        let tail = self.number(zeros)?;
        (1u32 << zeros).checked_sub(1)?.checked_add(tail)
    }

    /// `se(v)`
    pub(super) fn signed(&mut self) -> Option<i64> {
        let code = i64::from(self.unsigned()?);
        Some(if code % 2 == 0 { -(code / 2) } else { (code + 1) / 2 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_golomb_codes_as_in_the_standard() {
        // 1 | 010 | 011 | 00100 | 00101
        let mut bits = Bits::new(&[0b1010_0110, 0b0100_0010, 0b1000_0000]);
        let codes: Vec<_> = (0..5).map(|_| bits.unsigned()).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4].map(Some));
        let mut bits = Bits::new(&[0b0100_1100, 0b1000_0101]);
        assert_eq!([bits.signed(), bits.signed(), bits.signed(), bits.signed()], [1, -1, 2, -2].map(Some));
    }

    #[test]
    fn the_end_is_none() {
        assert_eq!(Bits::new(&[0, 0, 0, 0, 0]).unsigned(), None);
        assert_eq!(Bits::new(&[0xff]).number(9), None);
    }
}
