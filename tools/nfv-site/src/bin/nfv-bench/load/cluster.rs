//! The cloud of the load test: what `nfv-lab generate` makes, and beside it servers that belong to somebody.

use std::fmt::Write as _;

/// Servers whose guests have a heart, on each of the hosts for them.
const HEARTS_PER_HOST: u32 = 20;

/// What the cloud consists of.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// All hosts, two of them controllers.
    pub hosts: u32,
    /// All servers.
    pub vms: u32,
}

impl Size {
    const fn workers(self) -> u32 {
        if self.hosts > 5 { self.hosts - 2 } else { 4 }
    }

    /// Hosts with a guestServer.
    pub const fn heart_hosts(self) -> u32 {
        let quarter = self.workers() / 4;
        if quarter < 2 {
            2
        } else if quarter > 8 {
            8
        } else {
            quarter
        }
    }

    /// Servers that users start, stop, move.
    pub const fn user_vms(self) -> u32 {
        let tenth = self.vms / 10;
        if tenth > 40 { 40 } else { tenth }
    }

    const fn heart_vms(self) -> u32 {
        let wanted = self.heart_hosts() * HEARTS_PER_HOST;
        let quarter = self.vms / 4;
        if wanted > quarter { quarter } else { wanted }
    }

    /// The lab's cluster file.
    pub fn file(self, seed: u64) -> String {
        let (hearts, heart_vms, users) = (self.heart_hosts(), self.heart_vms(), self.user_vms());
        let plain_hosts = self.workers() - hearts;
        let others = self.vms - heart_vms - users;
        let urgent = others / 10;
        // room for a quarter more than is used: hosts die, are locked and patched at the same time
        let room = |vms: u32, hosts: u32| vms.div_ceil(hosts) * 5 / 4 + 3;
        let mut text = format!(
            "[lab]\nseed = {seed}\nspeed = 10.0\njournal_kept = 1000\n\
             [timings]\nhost_lock_timeout = 3000.0\n\
             [[tenant]]\nname = \"admin\"\n[[tenant]]\nname = \"telco\"\n\
             [[image]]\nname = \"tiny\"\n[[network]]\nname = \"net0\"\n\
             [[subnet]]\nname = \"subnet0\"\nnetwork = \"net0\"\ncidr = \"10.0.0.0/16\"\n\
             [[host]]\nname = \"controller-{{n}}\"\ncount = 2\npersonality = \"controller\"\n"
        );
        let mut worker = |name: &str, count: u32, vcpus: u32| {
            let (memory, disk) = (u64::from(vcpus) * 1024, u64::from(vcpus) * 4);
            let _ = write!(
                text,
                "[[host]]\nname = \"{name}-{{n}}\"\ncount = {count}\npersonality = \"worker\"\nvcpus = {vcpus}\n\
                 memory_mb = {memory}\ndisk_gb = {disk}\n"
            );
        };
        worker("compute", plain_hosts, room(self.vms - heart_vms, plain_hosts));
        worker("heart", hearts, room(heart_vms, hearts));
        // guests with a heart stay where the guestServers are, and the others elsewhere
        for (name, kind, count) in [("plain", "compute", plain_hosts), ("hearts", "heart", hearts)] {
            let hosts: Vec<_> = (0..count).map(|number| format!("{kind}-{number}")).collect();
            let more = if kind == "heart" { "\"sw:wrs:guest:heartbeat\" = \"True\", " } else { "" };
            let _ = write!(
                text,
                "[[aggregate]]\nname = \"{name}\"\nhosts = {hosts:?}\nmetadata = {{ room = \"{name}\" }}\n\
                 [[flavor]]\nname = \"{name}\"\nvcpus = 1\nram_mb = 512\ndisk_gb = 1\n\
                 extra_specs = {{ {more}\"aggregate_instance_extra_specs:room\" = \"{name}\" }}\n"
            );
        }
        let mut servers = |name: &str, count: u32, flavor: &str, more: &str| {
            if count > 0 {
                let _ = write!(
                    text,
                    "[[vm]]\nname = \"{name}-{{n}}\"\ncount = {count}\nflavor = \"{flavor}\"\n\
                     networks = [\"net0\"]\n{more}"
                );
            }
        };
        servers("vm", others - urgent, "plain", "tenant = \"telco\"\n");
        let first = "boot_volume = true\nmetadata = { \"sw:wrs:recovery_priority\" = \"1\" }\n";
        servers("urgent", urgent, "plain", first);
        servers("user", users, "plain", "");
        servers("beat", heart_vms, "hearts", "");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_of_any_size_belongs_to_somebody() {
        for (hosts, vms) in [(8, 40), (20, 200), (200, 5000)] {
            let size = Size { hosts, vms };
            let file = size.file(1);
            let counts = file.lines().collect::<Vec<_>>();
            let count = |kind: &str| -> u32 {
                let of = counts.windows(2).filter(|pair| pair[0].starts_with(&format!("name = \"{kind}-")));
                of.filter_map(|pair| pair[1].strip_prefix("count = ")?.parse::<u32>().ok()).sum()
            };
            assert_eq!(["vm", "urgent", "user", "beat"].map(count).iter().sum::<u32>(), vms);
            assert_eq!(["controller", "compute", "heart"].map(count).iter().sum::<u32>(), hosts);
            assert!(count("user") > 0 && count("beat") > 0 && count("compute") > count("heart"), "{file}");
        }
    }
}
