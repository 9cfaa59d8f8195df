//! What only trusted peers are told of an error, as DebugInfo: the places it passed, its cause, and fields of contexts.

use std::borrow::Cow;

use prost::Message;

use super::details::{is_of, pack, push_within, unpack};
use crate::error::{Error, Frame};
use crate::google::rpc::{DebugInfo, Status};
use crate::text::within;
use crate::wkt::Any;

pub(super) const DEBUG_INFO: &str = "google.rpc.DebugInfo";
/// Stands in the detail where the message is the text of the cause.
const CAUSE_NOTE: &str = "ezrpc: the message is the cause's text";
/// Stands there where the message is for trusted peers alone, so that they do not pass it on.
const INSIDE_NOTE: &str = "ezrpc: the message is not for callers outside";
/// Stands in the detail of a DebugInfo whose entries are fields of contexts: `key=value`.
const FIELDS_NOTE: &str = "ezrpc: fields";
/// What a cause beside the message may take, in bytes.
const CAUSE_LIMIT: usize = 512;
/// What all fields may take, and what they leave to the frames, in bytes.
const FIELDS_LIMIT: usize = 1024;
const FRAMES_ROOM: usize = 1024;
/// What stands for frames that are left out, before and after their number.
const LEFT_OUT: (&str, &str) = ("... ", " frames left out ...");
/// What a DebugInfo takes beside what it says, in bytes: a type URL and some lengths.
const OVERHEAD: usize = 64;

/// Whether a detail is for trusted peers alone.
pub(crate) fn is_debug(detail: &Any) -> bool {
    is_of(DEBUG_INFO, detail)
}

/// What there is to tell.
pub(super) struct Debug<'a> {
    error: &'a Error,
    /// The cause's text, or how the message is to be taken.
    detail: Cow<'a, str>,
}

impl<'a> Debug<'a> {
    pub(super) fn of(error: &'a Error) -> Self {
        let detail = match (error.cause_beside_message(), error.cause()) {
            _ if error.is_inside() => INSIDE_NOTE.into(),
            (Some(cause), _) => within(&cause.to_string(), CAUSE_LIMIT).to_owned().into(),
            (None, Some(_)) => CAUSE_NOTE.into(),
            (None, None) => "".into(),
        };
        Self { error, detail }
    }

    /// What is told at least, in bytes: how to take the message, and how many frames there were.
    pub(super) fn least(&self) -> usize {
        let frames = !self.error.frames().is_empty();
        match self.detail.is_empty() && !frames {
            true => 0,
            false => OVERHEAD + self.detail.len() + if frames { OVERHEAD } else { 0 },
        }
    }

    /// Adds it all to a status that takes `room` bytes, or as much as fits.
    pub(super) fn push(&self, status: &mut Status, room: usize) {
        self.push_fields(status, room.saturating_sub(FRAMES_ROOM));
        let frames = self.error.frames();
        let detail = self.detail_within(room.saturating_sub(status.encoded_len()));
        // A frame takes at least its own text; the count shrinks until the whole fits.
        let mut keep = frames.len();
        while !(frames.is_empty() && detail.is_empty()) {
            let debug = DebugInfo {
                stack_entries: elided(frames, keep),
                detail: detail.to_owned(),
            };
            if push_within(status, pack(DEBUG_INFO, &debug), room) || keep == 0 {
                return;
            }
            keep = if keep > 64 { keep / 2 } else { keep - 1 };
        }
    }

    /// The detail in `room` bytes, half of which are for the frames: the text of a cause may be cut, a note may not.
    fn detail_within(&self, room: usize) -> &str {
        match &self.detail {
            Cow::Borrowed(note) => note,
            Cow::Owned(cause) => within(cause, (room / 2).saturating_sub(OVERHEAD)),
        }
    }

    /// The fields of the contexts the error was traced in, as a DebugInfo of their own; those that fit.
    fn push_fields(&self, status: &mut Status, room: usize) {
        let room = room.min(status.encoded_len() + FIELDS_LIMIT);
        let mut debug = DebugInfo {
            stack_entries: Vec::new(),
            detail: FIELDS_NOTE.to_owned(),
        };
        let fits =
            |debug: &DebugInfo| status.encoded_len() + OVERHEAD + debug.encoded_len() <= room;
        for (key, value) in self.error.fields() {
            debug.stack_entries.push(format!("{key}={value}"));
            if !fits(&debug) {
                debug.stack_entries.pop();
            }
        }
        if !debug.stack_entries.is_empty() {
            push_within(status, pack(DEBUG_INFO, &debug), room);
        }
    }
}

/// The frames as text, innermost first, `keep` of them: head and tail, with a line that counts the rest.
fn elided(frames: &[Frame], keep: usize) -> Vec<String> {
    if keep >= frames.len() {
        return frames.iter().map(Frame::to_string).collect();
    }
    let head = keep.div_ceil(2);
    let tail = frames.len() - (keep - head);
    let mut lines: Vec<String> = frames[..head].iter().map(Frame::to_string).collect();
    let left_out: usize = frames[head..tail].iter().map(count).sum();
    lines.push(format!("{}{left_out}{}", LEFT_OUT.0, LEFT_OUT.1));
    lines.extend(frames[tail..].iter().map(Frame::to_string));
    lines
}

/// How many frames one stands for: a process further in may have left some out.
fn count(frame: &Frame) -> usize {
    let number = frame.rpc.strip_prefix(LEFT_OUT.0);
    let number = number.and_then(|rest| rest.strip_suffix(LEFT_OUT.1));
    number.and_then(|number| number.parse().ok()).unwrap_or(1)
}

/// Takes what a DebugInfo says; nothing if it cannot be read.
pub(super) fn read(mut error: Error, detail: &Any) -> Error {
    let Some(debug) = unpack::<DebugInfo>(DEBUG_INFO, detail) else {
        return error;
    };
    if debug.detail == FIELDS_NOTE {
        error.push_fields(debug.stack_entries.iter().filter_map(|entry| {
            let (key, value) = entry.split_once('=')?;
            Some((Cow::Owned(key.to_owned()), value.to_owned()))
        }));
        return error;
    }
    error = match debug.detail.as_str() {
        "" => error,
        CAUSE_NOTE => error.with_message_as_cause(),
        INSIDE_NOTE => error.inside(),
        _ => error.with_cause(debug.detail),
    };
    for line in debug.stack_entries {
        error.push_frame(Frame::remote(line));
    }
    error
}
