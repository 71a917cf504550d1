//! Plays an incident against the VIM and the lab and tells it as a time line.
