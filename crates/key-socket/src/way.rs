//! The way to a socket: who could have put another in its place.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

/// As many links as the system itself follows.
const MOST_LINKS: usize = 40;

/// Where a socket lies, behind all links.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) socket: PathBuf,
    /// Whose its directory is.
    pub(crate) owner: u32,
}

/// Why nobody is to be asked there.
#[derive(Debug)]
pub(crate) enum Astray {
    System(io::Error),
    Strange(String),
}

/// A directory, and whose the thing is that was taken of it.
#[derive(Debug)]
struct Step {
    directory: PathBuf,
    owner: u32,
    mode: u32,
    taken: u32,
}

impl Step {
    fn others_write(&self) -> bool {
        self.mode & 0o022 != 0
    }
}

/// Goes there as the system would, and looks at each directory and link on the way, for a process of that user.
pub(crate) fn walk(socket: &Path, me: u32) -> Result<Way, Astray> {
    let mut ahead = Vec::new();
    put(&mut ahead, &std::path::absolute(socket).map_err(Astray::System)?);
    let (mut at, mut passed, mut links) = (PathBuf::from("/"), Vec::new(), 0);
    while let Some(name) = ahead.pop() {
        if name == ".." {
            at.pop();
            continue;
        }
        let next = at.join(&name);
        let of = fs::symlink_metadata(&at).map_err(Astray::System)?;
        let there = fs::symlink_metadata(&next).map_err(Astray::System)?;
        let step =
            Step { directory: at.clone(), owner: of.uid(), mode: of.mode() & 0o7777, taken: there.uid() };
        if there.is_symlink() {
            links += 1;
            if links > MOST_LINKS {
                return Err(Astray::Strange("too many links lead there".to_owned()));
            }
            let target = fs::read_link(&next).map_err(Astray::System)?;
            if target.is_absolute() {
                at = PathBuf::from("/");
            }
            put(&mut ahead, &target);
            passed.push(step);
        } else if ahead.is_empty() {
            judge(&passed, &step, me).map_err(Astray::Strange)?;
            return Ok(Way { socket: next, owner: step.owner });
        } else {
            passed.push(step);
            at = next;
        }
    }
    Err(Astray::Strange("it is no socket".to_owned()))
}

/// The parts of a path, the first on top.
fn put(ahead: &mut Vec<OsString>, path: &Path) {
    let parts =
        path.components().rev().filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir));
    ahead.extend(parts.map(|part| part.as_os_str().to_owned()));
}

/// A directory vouches for what is in it where nobody but root and we can change it, nor any above it. One of somebody else,
/// the agent's user, vouches for their agent where root alone can have put it there: whoever comes first makes one anywhere else.
fn judge(passed: &[Step], last: &Step, me: u32) -> Result<(), String> {
    let ours = |uid: u32| uid == 0 || uid == me;
    let of_agent = !ours(last.owner);
    if last.others_write() {
        let (directory, mode) = (last.directory.display(), last.mode);
        return Err(format!("others can write its directory {directory} (mode {mode:03o})"));
    }
    for step in passed {
        let directory = step.directory.display();
        // What is ours stays there where others can make things of their own only.
        let kept = step.mode & 0o1000 != 0 && ours(step.taken) && !of_agent;
        if step.others_write() && !kept {
            return Err(format!("others can write {directory} (mode {:03o}), which leads there", step.mode));
        }
        if step.owner != 0 && (of_agent || step.owner != me) {
            return Err(format!("{directory}, which leads there, is of uid {}", step.owner));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::os::unix::net::UnixListener;

    use honnin_testkit::TestDir;
    use rustix::process::geteuid;

    use super::*;

    const ME: u32 = 1000;
    const AGENT: u32 = 998;
    const ANYBODY: u32 = 1001;

    /// Directories from the root down to that of the socket, each with its owner and mode.
    fn judged(way: &[(u32, u32)]) -> bool {
        let owners = way.iter().skip(1).map(|(owner, _)| *owner).chain([0]);
        let mut steps: Vec<_> = way
            .iter()
            .zip(owners)
            .map(|(&(owner, mode), taken)| Step { directory: "/a".into(), owner, mode, taken })
            .collect();
        let last = steps.pop().unwrap();
        judge(&steps, &last, ME).is_ok()
    }

    #[test]
    fn the_agents_directory_is_believed_where_root_alone_can_have_put_it() {
        let (root, tmp) = ((0, 0o755), (0, 0o1777));
        assert!(judged(&[root, root, (AGENT, 0o750)]));
        assert!(judged(&[root, tmp, (ME, 0o700)]), "nobody else makes one of mine");
        assert!(judged(&[root, tmp, (0, 0o755)]));
        assert!(judged(&[root, (ME, 0o700), (ME, 0o755), (0, 0o755)]));
        for (way, what) in [
            (&[root, tmp, (ANYBODY, 0o700)][..], "whoever came first"),
            (&[root, tmp, (0, 0o755), (AGENT, 0o700)], "too near to tell apart"),
            (&[root, (ANYBODY, 0o755), (ANYBODY, 0o755)], "in a home"),
            (&[root, (ME, 0o755), (AGENT, 0o755)], "another's in mine"),
            (&[root, (ANYBODY, 0o755), (ME, 0o700)], "mine in another's"),
            (&[root, tmp, (ANYBODY, 0o755), (0, 0o755)], "root's in another's"),
            (&[root, (0, 0o777), (ME, 0o700)], "open to all"),
            (&[root, (0, 0o775), (AGENT, 0o700)], "open to a group"),
            (&[root, root, (AGENT, 0o770)], "open itself"),
            (&[root, root, (ME, 0o1777)], "open itself, each to their own"),
        ] {
            assert!(!judged(way), "{what}");
        }
        // A link that anybody put into /tmp, to a directory of mine.
        let step = |mode, taken| Step { directory: "/a".into(), owner: 0, mode, taken };
        let mine = Step { owner: ME, ..step(0o700, ME) };
        assert!(judge(&[step(0o1777, ME)], &mine, ME).is_ok());
        assert!(judge(&[step(0o1777, ANYBODY)], &mine, ME).is_err());
    }

    #[test]
    fn every_directory_and_every_link_on_the_way_is_looked_at() {
        let dir = TestDir::new();
        let (above, below) = (dir.join("above"), dir.join("above/below"));
        fs::create_dir_all(&below).unwrap();
        let socket = below.join("agent.sock");
        let _listener = UnixListener::bind(&socket).unwrap();
        symlink(&below, dir.join("whole")).unwrap();
        symlink("above/../above/below/agent.sock", dir.join("near")).unwrap();
        symlink("round", dir.join("round")).unwrap();
        let me = geteuid().as_raw();
        let way = |path: &Path| walk(path, me);
        let ways = [socket.clone(), dir.join("whole/agent.sock"), dir.join("near")];
        let real = fs::canonicalize(&socket).unwrap();
        let known = |way: Way| way.socket == real && way.owner == me;
        for mode in [0o755, 0o1777] {
            fs::set_permissions(&above, Permissions::from_mode(mode)).unwrap();
            for path in &ways {
                assert!(way(path).is_ok_and(known), "{path:?} {mode:o}");
            }
        }
        for mode in [0o777, 0o775] {
            fs::set_permissions(&above, Permissions::from_mode(mode)).unwrap();
            for path in &ways {
                assert!(matches!(way(path), Err(Astray::Strange(_))), "{path:?} {mode:o}");
            }
        }
        fs::set_permissions(&above, Permissions::from_mode(0o755)).unwrap();
        // Where the link lies, not only where it leads.
        let open = dir.join("open");
        fs::create_dir(&open).unwrap();
        symlink(&below, open.join("link")).unwrap();
        assert!(way(&open.join("link/agent.sock")).is_ok_and(known));
        fs::set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(way(&open.join("link/agent.sock")), Err(Astray::Strange(_))));
        assert!(matches!(way(&dir.join("round")), Err(Astray::Strange(_))));
        assert!(matches!(way(&dir.join("nothing/agent.sock")), Err(Astray::System(_))));
    }
}
