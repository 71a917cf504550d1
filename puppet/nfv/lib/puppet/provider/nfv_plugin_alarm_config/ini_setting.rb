# frozen_string_literal: true

Puppet::Type.type(:nfv_plugin_alarm_config).provide(:ini_setting) do
  desc 'Edits /etc/nfv/nfv_plugins/alarm_handlers/config.ini in place.'
  PuppetX::Nfv::IniSetting.define_provider(self, '/etc/nfv/nfv_plugins/alarm_handlers/config.ini')
end
