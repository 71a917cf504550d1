# frozen_string_literal: true

require 'spec_helper'

{
  proxy_config: '/etc/proxy/nova-api-proxy.conf',
  proxy_api_paste_ini: '/etc/proxy/api-proxy-paste.ini'
}.each do |name, file|
  describe Puppet::Type.type(name) do
    it 'edits its file' do
      expect(described_class.provider(:ini_setting).file_path).to eq(file)
    end
  end
end
