//! What readers of MP4 that others wrote say of the same files, before and after their index is moved: `mp4-atom` for the
//! tables, ffprobe for the streams.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use mp4_atom::{Atom, Codec, DecodeMaybe, Header, Moof, Moov, Stbl, StszSamples, Trak};

use super::relocate_tests::{read_all, relocated};
use super::{TrackSum, probe, sums};
use crate::media::testing::{AAC, H264, PICTURE, SOUND, Studio, tools};

/// One sample, as they find it.
#[derive(Debug, PartialEq)]
struct Sample {
    offset: u64,
    len: u32,
}

fn their_index(file: &[u8]) -> Moov {
    let mut rest = file;
    while let Some(header) = Header::decode_maybe(&mut rest).unwrap() {
        let len = header.size.unwrap_or(rest.len());
        let mut body = &rest[..len];
        if header.kind == Moov::KIND {
            return Moov::decode_body(&mut body).unwrap();
        }
        rest = &rest[len..];
    }
    panic!("they find no index");
}

fn their_samples(tables: &Stbl) -> Vec<Sample> {
    let sizes = match &tables.stsz.samples {
        StszSamples::Identical { count, size } => vec![*size; *count as usize],
        StszSamples::Different { sizes } => sizes.clone(),
    };
    let chunks: Vec<u64> = match (&tables.stco, &tables.co64) {
        (Some(narrow), None) => narrow.entries.iter().copied().map(u64::from).collect(),
        (None, Some(wide)) => wide.entries.clone(),
        both => panic!("{both:?}"),
    };
    let mut sizes = sizes.into_iter();
    let mut samples = Vec::new();
    for (number, chunk) in (1..).zip(chunks) {
        let run = tables.stsc.entries.iter().rfind(|run| run.first_chunk <= number).unwrap();
        let mut offset = chunk;
        for len in sizes.by_ref().take(run.samples_per_chunk as usize) {
            samples.push(Sample { offset, len });
            offset += u64::from(len);
        }
    }
    assert_eq!(sizes.next(), None, "a sample without a chunk");
    samples
}

fn bytes_of<'a>(file: &'a [u8], sample: &Sample) -> &'a [u8] {
    &file[sample.offset as usize..][..sample.len as usize]
}

fn their_sum(track: &Trak) -> (u64, u64, u64, u64) {
    let tables = &track.mdia.minf.stbl;
    let samples = their_samples(tables);
    let timed = tables.stts.entries.iter().map(|run| u64::from(run.sample_count)).sum();
    let ticks: u64 =
        tables.stts.entries.iter().map(|run| u64::from(run.sample_count) * u64::from(run.sample_delta)).sum();
    let bytes = samples.iter().map(|sample| u64::from(sample.len)).sum();
    (samples.len() as u64, timed, bytes, ticks * 1000 / u64::from(track.mdia.mdhd.timescale))
}

fn is_same_sum(track: &Trak, ours: &TrackSum) -> bool {
    let (sized, timed, bytes, samples_ms) = their_sum(track);
    (ours.sized, ours.timed, ours.bytes) == (sized, timed, bytes) && ours.samples_ms.abs_diff(samples_ms) <= 1
}

/// The streams as ffprobe lists them, without what depends on where in the file they lie.
fn streams(path: &Path) -> String {
    let shown = "stream=index,codec_name,profile,width,height,level,pix_fmt,nb_frames,time_base,start_pts,duration_ts,\
                 bit_rate,channels,sample_rate,extradata_size:packet=stream_index,pts,dts,duration,size,flags";
    let output = Command::new(tools().ffprobe.unwrap())
        .args(["-v", "error", "-show_streams", "-show_packets", "-show_entries", shown, "-of", "compact"])
        .arg(path)
        .output()
        .unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn others_find_the_same_samples_before_and_after() {
    let studio = Studio::new();
    let text = studio.write("a.srt", b"1\n00:00:00,000 --> 00:00:01,000\nWords\n");
    let text = ["-i", text.to_str().unwrap(), "-c:s", "mov_text"];
    let two = ["-map", "0:v", "-map", "1:a", "-map", "1:a"];
    for (name, kinds) in [
        ("plain.mp4", &[&PICTURE[..], &SOUND, &H264, &AAC][..]),
        ("silent.mp4", &[&PICTURE, &H264]),
        ("two-tongues.mp4", &[&PICTURE, &SOUND, &two, &H264, &AAC]),
        ("subtitles.mp4", &[&PICTURE, &SOUND, &text, &H264, &AAC]),
        ("small-chunks.mp4", &[&PICTURE, &SOUND, &H264, &AAC, &["-max_interleave_delta", "0"]]),
        ("late.mp4", &[&PICTURE, &["-itsoffset", "0.5"], &SOUND, &H264, &AAC]),
        ("hevc.mp4", &[&PICTURE, &SOUND, &["-c:v", "libx265", "-x265-params", "log-level=error"], &AAC]),
        ("ac3.mp4", &[&PICTURE, &SOUND, &H264, &["-c:a", "ac3"]]),
        ("brand.m4v", &[&PICTURE, &SOUND, &H264, &AAC, &["-f", "ipod"]]),
        ("quicktime.mov", &[&PICTURE, &SOUND, &H264, &AAC]),
    ] {
        let path = studio.make(name, kinds);
        let (source, moved) = (fs::read(&path).unwrap(), relocated(File::open(&path).unwrap()));
        let moved = read_all(&moved);
        let (before, after) = (their_index(&source), their_index(&moved));
        assert_eq!(before.trak.len(), after.trak.len(), "{name}");
        for (old, new) in before.trak.iter().zip(&after.trak) {
            let (old, new) = (their_samples(&old.mdia.minf.stbl), their_samples(&new.mdia.minf.stbl));
            assert_eq!(old.len(), new.len(), "{name}");
            assert_ne!(old, new, "{name}: nothing was moved");
            for (old, new) in old.iter().zip(&new) {
                assert_eq!(bytes_of(&source, old), bytes_of(&moved, new), "{name}");
            }
        }
        let copy = studio.write(&format!("moved-{name}"), &moved);
        assert_eq!(streams(&path), streams(&copy), "{name}");
    }
}

#[test]
fn others_read_the_same_of_the_tracks() {
    let studio = Studio::new();
    for (name, more) in [("a.mp4", &["-r", "25"][..]), ("b.mp4", &["-s", "320x180", "-r", "30000/1001"])] {
        let path = studio.make(name, &[&PICTURE, &SOUND, &H264, more, &AAC]);
        let theirs = their_index(&fs::read(&path).unwrap());
        let file = File::open(&path).unwrap();
        let (info, _) = probe(&file).unwrap();
        let ours = sums(&file).unwrap().unwrap();
        let [video, audio] = &theirs.trak[..] else { panic!("{theirs:?}") };
        let (Codec::Avc1(picture), Codec::Mp4a(sound)) =
            (&video.mdia.minf.stbl.stsd.codecs[0], &audio.mdia.minf.stbl.stsd.codecs[0])
        else {
            panic!("{theirs:?}")
        };
        let (seen, heard) = (info.video.as_ref().unwrap(), info.audio.as_ref().unwrap());
        let size = (u32::from(picture.visual.width), u32::from(picture.visual.height));
        assert_eq!((seen.width, seen.height), size);
        assert_eq!(heard.channels, sound.audio.channel_count);
        assert_eq!(heard.sample_rate_hz, u32::from(sound.audio.sample_rate.integer()));
        assert!(is_same_sum(video, &ours.video.unwrap()), "{ours:?}");
        assert!(is_same_sum(audio, &ours.audio.unwrap()), "{ours:?}");
        let longest = theirs.mvhd.duration * 1000 / u64::from(theirs.mvhd.timescale);
        assert!(info.duration_ms.abs_diff(longest) <= 50, "{} {longest}", info.duration_ms);
    }
}

/// `mp4-atom` for the samples of the fragments, ffprobe for how long they last.
#[test]
fn others_read_the_same_of_fragments() {
    let studio = Studio::new();
    for (name, flags, group) in [
        ("a.mp4", "frag_keyframe+empty_moov+default_base_moof", "10"),
        ("b.mp4", "frag_keyframe+empty_moov+global_sidx", "7"),
        ("c.mp4", "frag_every_frame+empty_moov", "25"),
        ("d.mov", "frag_keyframe", "5"),
        ("e.m4v", "cmaf+frag_keyframe", "12"),
    ] {
        let path = studio.make(name, &[&PICTURE, &SOUND, &H264, &AAC, &["-movflags", flags, "-g", group]]);
        let (info, _) = probe(&File::open(&path).unwrap()).unwrap();
        let bytes = fs::read(&path).unwrap();
        let in_index = their_samples(&their_index(&bytes).trak[0].mdia.minf.stbl).len();
        let frames = in_index + their_fragments(&bytes, 1);
        let shown = ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0"];
        let said = Command::new(tools().ffprobe.unwrap()).args(shown).arg(&path).output().unwrap();
        let duration_s: f64 = String::from_utf8(said.stdout).unwrap().trim().parse().unwrap();
        assert!(
            (info.duration_ms as f64 - duration_s * 1000.0).abs() <= 100.0,
            "{name}: {info:?}, {duration_s} s"
        );
        let video = info.video.as_ref().unwrap();
        // The picture lasts two seconds, whatever the sound does.
        let ours = f64::from(video.fps_milli) * 2.0 / 1000.0;
        assert!((ours - frames as f64).abs() <= 1.0, "{name}: {frames} frames at {} mHz", video.fps_milli);
    }
}

/// How many samples the fragments hold of this track.
fn their_fragments(file: &[u8], track: u32) -> usize {
    let mut rest = file;
    let mut samples = 0;
    while let Some(header) = Header::decode_maybe(&mut rest).unwrap() {
        let len = header.size.unwrap_or(rest.len());
        let mut body = &rest[..len];
        if header.kind == Moof::KIND {
            let fragment = Moof::decode_body(&mut body).unwrap();
            let of_track = fragment.traf.iter().filter(|part| part.tfhd.track_id == track);
            samples +=
                of_track.flat_map(|part| &part.trun).map(|run| run.samples.iter().count()).sum::<usize>();
        }
        rest = &rest[len..];
    }
    samples
}
