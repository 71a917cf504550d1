# frozen_string_literal: true

Puppet::Type.type(:nfv_plugin_event_log_config).provide(:ini_setting) do
  desc 'Edits /etc/nfv/nfv_plugins/event_log_handlers/config.ini in place.'
  PuppetX::Nfv::IniSetting.define_provider(self, '/etc/nfv/nfv_plugins/event_log_handlers/config.ini')
end
