"""What links to real robots share: wiring files, periods, poses, the keeper of commands."""
