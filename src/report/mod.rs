//! For those who look rather than read: report_html(), status(), qr_svg(). What they show and how is the core's.

mod html;
mod qr;
mod status;
mod words;
